import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { NamedSchema } from './compose-worker.js'

/** Part of every key, since another version may compose differently. */
const COMPOSER = '@apollo/composition 2.14.4'
const LAST_GOOD = 'last-good.graphql'
const KEPT = 20

/** Composed supergraphs by what they were composed of, so that a second start need not compose; and the last one that served. */
export interface SupergraphStore {
  get(key: string): Promise<string | null>
  set(key: string, supergraphSdl: string): Promise<void>
  lastGood(): Promise<string | null>
}

export const keyOf = (schemas: readonly NamedSchema[]): string =>
  createHash('sha256')
    .update(JSON.stringify([COMPOSER, ...schemas.map(({ name, url, sdl }) => [name, url ?? null, sdl])]))
    .digest('hex')

/** Keeps supergraphs as files in `directory`, the latest few. */
export function fileStore(directory: string): SupergraphStore {
  const read = (file: string) => readFile(join(directory, file), 'utf8').catch(() => null)
  return {
    get: (key) => read(`${key}.graphql`),
    lastGood: () => read(LAST_GOOD),
    async set(key, supergraphSdl) {
      await mkdir(directory, { recursive: true })
      for (const file of [`${key}.graphql`, LAST_GOOD]) await writeWhole(join(directory, file), supergraphSdl)
      await dropOldest(directory)
    },
  }
}

/** Where nothing is to outlive the process. */
export function memoryStore(): SupergraphStore {
  const kept = new Map<string, string>()
  return {
    get: async (key) => kept.get(key) ?? null,
    lastGood: async () => [...kept.values()].at(-1) ?? null,
    set: async (key, supergraphSdl) => {
      kept.delete(key)
      kept.set(key, supergraphSdl)
      if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? '')
    },
  }
}

/** By renaming: a process that dies in the middle leaves the old file, never half of the new one. */
async function writeWhole(path: string, text: string) {
  const draft = `${path}.${process.pid}.tmp`
  await writeFile(draft, text)
  await rename(draft, path)
}

async function dropOldest(directory: string) {
  const files = (await readdir(directory))
    .filter((file) => file.endsWith('.graphql') && file !== LAST_GOOD)
    .map((file) => join(directory, file))
  if (files.length <= KEPT) return
  const aged = await Promise.all(files.map(async (file) => ({ file, at: (await stat(file)).mtimeMs })))
  for (const { file } of aged.sort((a, b) => b.at - a.at).slice(KEPT)) await rm(file, { force: true })
}
