import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { stripIgnoredCharacters } from 'graphql'
import { z } from 'zod'
import type { Limits } from '../limits.js'
import { checkNesting } from '../nesting.js'

/** The operations that may run: by their ids, and by their texts, however these are laid out. */
export interface TrustedList {
  readonly size: number
  textOf(id: string): string | null
  /** False for what is over a bound, listed or not: it runs by its id no more than by its text. */
  hasText(text: string): boolean
}

/** As `@apollo/generate-persisted-query-manifest` writes it. */
const apolloManifest = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(z.object({ id: z.string().min(1), body: z.string().min(1) })),
})
/** As most others write it: ids, and what they stand for. */
const plainManifest = z.record(z.string(), z.string())

const DOCUMENT = /\.(?:graphql|gql)$/
const MANIFEST = /\.json$/
const OPERATIONS_MAX = 100_000
const BYTES_MAX = 64 * 1024 * 1024

/**
 * Reads a list of operations: a manifest, a document, or a folder of either, with the folders in it. A document is an operation by itself,
 * as clients send it. @throws Error in words for people
 */
export async function readTrustedList(path: string, limits: Limits): Promise<TrustedList> {
  const byId = new Map<string, string>()
  const texts = new Set<string>()
  let bytes = 0
  for (const { file, size } of await filesAt(path)) {
    bytes += size
    if (bytes > BYTES_MAX) throw new Error(`${path} holds more than ${BYTES_MAX} bytes`)
    for (const [given, text] of await operationsIn(file)) {
      for (const id of [given, hashOf(text)]) {
        const known = byId.get(id)
        if (known !== undefined && known !== text) throw new Error(`${file}: ${id} stands for something else as well`)
        byId.set(id, text)
      }
      texts.add(laidOutAnyhow(text, file))
      if (texts.size > OPERATIONS_MAX) throw new Error(`${path} holds more than ${OPERATIONS_MAX} operations`)
    }
  }
  return {
    size: texts.size,
    textOf: (id) => byId.get(id) ?? null,
    hasText(text) {
      try {
        // Laying a text out anew takes seconds for what fills a body with tokens.
        checkNesting(text, limits)
        return texts.has(hashOf(stripIgnoredCharacters(text)))
      } catch {
        return false
      }
    },
  }
}

/** Tells two states of a list apart without reading it. */
export async function stateOf(path: string): Promise<string> {
  const files = await filesAt(path)
  return files.map(({ file, size, changedMs }) => `${file} ${size} ${changedMs}`).join('\n')
}

async function filesAt(path: string): Promise<readonly { file: string; size: number; changedMs: number }[]> {
  const here = await stat(path)
  if (!here.isDirectory()) return [{ file: path, size: here.size, changedMs: here.mtimeMs }]
  const names = await readdir(path, { recursive: true })
  const files = names.filter((name) => DOCUMENT.test(name) || MANIFEST.test(name)).sort()
  return Promise.all(
    files.map(async (name) => {
      const file = join(path, name)
      const { size, mtimeMs: changedMs } = await stat(file)
      return { file, size, changedMs }
    }),
  )
}

async function operationsIn(file: string): Promise<Iterable<readonly [id: string, text: string]>> {
  const text = await readFile(file, 'utf8')
  if (!MANIFEST.test(file)) return [[hashOf(text), text]]
  const manifest = parsed(text, file)
  const apollo = apolloManifest.safeParse(manifest)
  if (apollo.success) return apollo.data.operations.map(({ id, body }) => [id, body] as const)
  const plain = plainManifest.safeParse(manifest)
  if (plain.success) return Object.entries(plain.data)
  throw new Error(`${file} is no manifest: neither Apollo's, version 1, nor ids with their texts`)
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`)
  }
}

function laidOutAnyhow(text: string, file: string): string {
  try {
    return hashOf(stripIgnoredCharacters(text))
  } catch (error) {
    throw new Error(`${file} holds what is no GraphQL: ${(error as Error).message}`)
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
