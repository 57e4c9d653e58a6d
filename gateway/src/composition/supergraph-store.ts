import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { NamedSchema } from './schemas.js'

/** Part of every key, since another version may compose differently. */
const COMPOSER: string = createRequire(import.meta.url)('@apollo/composition/package.json').version
const KEPT = 20
/** A draft this old was left behind by a process that died. */
const DRAFT_MS = 60_000

/** Composed supergraphs by what they were composed of, so that a second start need not compose. */
export interface SupergraphStore {
  /** Null for one that is not there, and for one that is not as it was written. */
  get(key: string): Promise<string | null>
  set(key: string, supergraphSdl: string): Promise<void>
}

export const keyOf = (schemas: readonly NamedSchema[]): string =>
  sha256(JSON.stringify([COMPOSER, ...schemas.map(({ name, url, sdl }) => [name, url ?? null, sdl])]))

/** Keeps schemas as files in `directory`, the latest `kept`. Each begins with a line that tells whether the rest is whole. */
export function fileStore(directory: string, kept = KEPT): SupergraphStore {
  return {
    async get(key) {
      const text = await readFile(join(directory, `${key}.graphql`), 'utf8').catch(() => '')
      const end = text.indexOf('\n')
      const supergraphSdl = text.slice(end + 1)
      return text.slice(0, end) === seal(supergraphSdl) ? supergraphSdl : null
    },
    async set(key, supergraphSdl) {
      await mkdir(directory, { recursive: true })
      // By renaming: a process that dies in the middle leaves the old file, never half of the new one.
      const draft = join(directory, `${key}.${process.pid}.draft`)
      await writeFile(draft, `${seal(supergraphSdl)}\n${supergraphSdl}`)
      await rename(draft, join(directory, `${key}.graphql`))
      await dropOldest(directory, kept)
    },
  }
}

/** Where nothing is to outlive the process. */
export function memoryStore(): SupergraphStore {
  const kept = new Map<string, string>()
  return {
    get: async (key) => kept.get(key) ?? null,
    set: async (key, supergraphSdl) => {
      kept.delete(key)
      kept.set(key, supergraphSdl)
      if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? '')
    },
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const seal = (supergraphSdl: string): string => `# sha256 ${sha256(supergraphSdl)}`

async function dropOldest(directory: string, kept: number) {
  const files = await Promise.all(
    (await readdir(directory)).map(async (name) => {
      const { mtimeMs } = await stat(join(directory, name)).catch(() => ({ mtimeMs: 0 }))
      return { name, at: mtimeMs }
    }),
  )
  const latestFirst = files.sort((a, b) => b.at - a.at)
  const tooMany = latestFirst.filter(({ name }) => name.endsWith('.graphql')).slice(kept)
  const abandoned = latestFirst.filter(({ name, at }) => name.endsWith('.draft') && Date.now() - at > DRAFT_MS)
  for (const { name } of [...tooMany, ...abandoned]) await rm(join(directory, name), { force: true })
}
