/** Why the embedded PostgreSQL can't serve, in words for the one who started it. */
export class EmbeddedPostgresError extends Error {
  override name = 'EmbeddedPostgresError'
}

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: "the user's quota of the disk is used up",
  EROFS: 'the disk is read-only',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  ENOTDIR: 'a file stands where a folder should be',
  EEXIST: 'a file stands where a folder should be',
}

/** Puts a failure of the file system into words that name the folder and what to do. */
export function asFolderError(folder: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  const words = WORDS[code]
  if (!words) return error as Error
  return new EmbeddedPostgresError(
    `The data folder ${folder} can't be used: ${words} (${code}). Set DATA_DIR to a folder that can be written to.`,
    {
      cause: error,
    },
  )
}

const PHRASES: Readonly<Record<string, string>> = {
  'No space left': 'ENOSPC',
  'Disk quota': 'EDQUOT',
  'Read-only file system': 'EROFS',
  'Permission denied': 'EACCES',
}

/** The failure of the file system that PostgreSQL's programs tell of in their own words, somewhere in a text; null for another. */
export function folderErrorIn(text: string, folder: string): Error | null {
  const phrase = Object.keys(PHRASES).find((known) => text.includes(known))
  return phrase ? asFolderError(folder, Object.assign(new Error(text), { code: PHRASES[phrase] })) : null
}
