import { createHash, randomBytes } from 'node:crypto'

const SECRET_BYTES = 32
/** Longer than any secret of ours: nothing beyond it is hashed. */
const MAX_LENGTH = 300

/** A new secret to hand out once: 256 random bits, in letters that need no escaping anywhere. */
export const newSecret = (bytes = SECRET_BYTES): string => randomBytes(bytes).toString('base64url')

/** What is kept of a secret. A plain hash will do: nobody guesses 128 random bits. */
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret.slice(0, MAX_LENGTH)).digest()
