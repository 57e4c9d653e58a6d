import { isKnownCode } from '../present-error.js'

/** A code as it may be told of: services make up their own, and nobody knows what they put there. */
export const codeLabel = (code: unknown): string => (typeof code === 'string' && isKnownCode(code) ? code : 'OTHER')
