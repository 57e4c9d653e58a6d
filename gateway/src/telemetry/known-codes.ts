import { isKnownCode } from '../present-error.js'

/** Of a service that hung, broke off, or answered what is no answer. */
export const NO_ANSWER = 'NO_ANSWER'

/** A code as it may be told of: services make up their own, and nobody knows what they put there. */
export const codeLabel = (code: unknown): string => (typeof code === 'string' && (isKnownCode(code) || code === NO_ANSWER) ? code : 'OTHER')
