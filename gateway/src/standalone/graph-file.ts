import { unwatchFile, watchFile } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { StartError } from '@ashlar/kit/process-life'

/** By looking rather than by events: files are replaced, linked and mounted over networks. */
const LOOK_EVERY_MS = 500

/** @throws StartError for a file that can't be read */
export async function readGraphFile(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw new StartError(`The supergraph can't be read: ${error.message}`)
  })
}

/** Tells of each change of a file; answers what ends that. */
export function watchGraphFile(file: string, onChange: () => void): () => void {
  watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, (now, before) => {
    // One that is away for a moment is just being replaced.
    if (now.mtimeMs !== 0 && (now.mtimeMs !== before.mtimeMs || now.size !== before.size || now.ino !== before.ino)) onChange()
  })
  return () => unwatchFile(file)
}
