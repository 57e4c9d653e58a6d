import type { GraphError } from './graph.js'

export const UNREACHABLE = 'The server can’t be reached. Is it running?'

/** What to tell a person who filled in a form: a sentence for the whole, and one for each field by its name. */
export interface Words {
  readonly whole: string | null
  readonly fields: Readonly<Record<string, string>>
}

/** Puts a refusal into words, by its code. */
export function wordsFor({ message, extensions = {} }: GraphError): Words {
  const whole = (words: string): Words => ({ whole: words, fields: {} })
  switch (extensions.code) {
    case 'UNAUTHENTICATED':
      return whole('There is no account with this name and password.')
    case 'RATE_LIMITED':
      return whole(`Too many attempts. Try again in ${duration(extensions.retryAfterSeconds ?? 60)}.`)
    case 'SUBGRAPH_UNAVAILABLE':
      return whole('Accounts can’t be reached just now. Try again in a moment.')
    case 'CONFLICT':
      return extensions.field === 'email'
        ? { whole: null, fields: { email: 'This address already has an account.' } }
        : { whole: null, fields: { username: 'This name is taken.' } }
    case 'BAD_USER_INPUT': {
      const issues = extensions.issues ?? []
      const fields = Object.fromEntries(issues.map(({ path, message }) => [path.split('.').at(-1) ?? path, message]))
      return issues.length > 0 ? { whole: null, fields } : whole(message)
    }
    default:
      return whole(message)
  }
}

function duration(seconds: number): string {
  if (seconds < 90) return seconds === 1 ? '1 second' : `${seconds} seconds`
  return `${Math.ceil(seconds / 60)} minutes`
}
