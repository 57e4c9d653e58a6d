import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asFolderError, EmbeddedPostgresError as FolderError } from '@ashlar/database/embedded/failure'

const KEY_BYTES = 32

/**
 * The key under which all that is secret at rest is sealed: the configured one, else the data folder's, made on the first start.
 * Two first starts at once come to the same key. @throws Error in words for people where the folder can't be used.
 */
export async function secretKeyIn(dataDir: string, configured: Buffer | null): Promise<Buffer> {
  if (configured) return configured
  const path = join(dataDir, 'secret-key')
  try {
    return await readKey(path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
      await mkdir(dataDir, { recursive: true, mode: 0o700 })
      await placeWhole(path, `${randomBytes(KEY_BYTES).toString('base64')}\n`)
      return readKey(path)
    })
  } catch (error) {
    throw asFolderError(dataDir, error)
  }
}

/** The same key where there is one already; null where there is none. Makes nothing. @throws Error in words for people */
export async function existingSecretKey(dataDir: string, configured: Buffer | null): Promise<Buffer | null> {
  if (configured) return configured
  const path = join(dataDir, 'secret-key')
  return readKey(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    if (error.code !== 'EACCES') throw error
    throw new FolderError(`${path} is another user's: run this as the one that started Ashlar, or set SECRET_KEY.`, { cause: error })
  })
}

async function readKey(path: string): Promise<Buffer> {
  const key = Buffer.from((await readFile(path, 'utf8')).trim(), 'base64')
  if (key.length !== KEY_BYTES) throw new FolderError(`${path} is no key of ${KEY_BYTES} bytes: put the right one back, or set SECRET_KEY.`)
  return key
}

/** By a link, which exists as a whole or not at all, and fails where another start was quicker. */
async function placeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`
  try {
    await writeFile(draft, text, { mode: 0o600, flag: 'wx', flush: true })
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(draft, { force: true })
  }
}
