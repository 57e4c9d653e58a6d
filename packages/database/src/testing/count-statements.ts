import pg from 'pg'

const recorders = new Set<string[]>()
let watched = false

/**
 * Runs `work` and answers, beside its result, the text of every SQL statement that this process sent meanwhile, in
 * order, BEGIN and COMMIT included. For tests that hold a screen to a fixed number of statements.
 */
export async function countStatements<T>(work: () => Promise<T> | T): Promise<{ result: T; statements: string[] }> {
  watch()
  const statements: string[] = []
  recorders.add(statements)
  try {
    return { result: await work(), statements }
  } finally {
    recorders.delete(statements)
  }
}

type Query = (this: pg.Client, config: unknown, ...rest: unknown[]) => unknown

// Pools, Prisma's adapter and bare clients all come through here.
function watch(): void {
  if (watched) return
  watched = true
  const prototype = pg.Client.prototype as unknown as { query: Query }
  const { query } = prototype
  prototype.query = function (config, ...rest) {
    for (const statements of recorders) statements.push(textOf(config))
    return query.call(this, config, ...rest)
  }
}

const textOf = (config: unknown): string =>
  typeof config === 'string'
    ? config
    : String((config as { text?: string; cursor?: { text: string } }).text ?? (config as { cursor?: { text: string } }).cursor?.text)
