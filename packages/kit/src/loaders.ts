import DataLoader from 'dataloader'

/** Reads rows by their id, all those of one level in one statement; null for what is not there. */
export const batchById = <Row extends { readonly id: string }>(
  read: (ids: readonly string[]) => Promise<readonly Row[]>,
): DataLoader<string, Row | null> =>
  new DataLoader(async (ids) => {
    const rows = new Map((await read(ids)).map((row) => [row.id, row]))
    return ids.map((id) => rows.get(id) ?? null)
  })

/**
 * The same without remembering: each read is anew, in one statement with those of the same moment. For what outlives a request, such as
 * the permission of all who get the same event.
 */
export const latestById = <Row extends { readonly id: string }>(
  read: (ids: readonly string[]) => Promise<readonly Row[]>,
): DataLoader<string, Row | null> =>
  new DataLoader(
    async (ids) => {
      const rows = new Map((await read([...new Set(ids)])).map((row) => [row.id, row]))
      return ids.map((id) => rows.get(id) ?? null)
    },
    { cache: false },
  )

/** Reads one value for each of many keys, such as a count; `otherwise` for a key that is not answered. */
export const batchValues = <Value>(
  read: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
  otherwise: Value,
): DataLoader<string, Value> =>
  new DataLoader(async (keys) => {
    const values = await read(keys)
    return keys.map((key) => values.get(key) ?? otherwise)
  })

/**
 * A loader for a field with arguments: one batch for all parents that ask with the same ones, as all do that stand in one list.
 * `read` answers in the order of the keys.
 */
export function perArguments<Args extends object, Value>(
  read: (keys: readonly string[], args: Args) => Promise<readonly Value[]>,
): (key: string, args: Args) => Promise<Value> {
  const loaders = new Map<string, DataLoader<string, Value>>()
  return (key, args) => {
    const name = JSON.stringify(args)
    const loader = loaders.get(name) ?? new DataLoader<string, Value>((keys) => read(keys, args))
    loaders.set(name, loader)
    return loader.load(key)
  }
}
