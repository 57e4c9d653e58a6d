import type { GraphError } from './graph.js'

export const UNREACHABLE = 'The server can’t be reached. Is it running?'

/** What the forms ask for; an issue with anything else is told of below them. */
const FIELDS = new Set(['login', 'password', 'username', 'email'])

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
    case 'BAD_USER_INPUT':
      return wordsForIssues(extensions.issues ?? []) ?? whole(message)
    default:
      return whole(message)
  }
}

function wordsForIssues(issues: NonNullable<NonNullable<GraphError['extensions']>['issues']>): Words | null {
  if (issues.length === 0) return null
  const fields: Record<string, string> = {}
  const others: string[] = []
  for (const { path, message } of issues) {
    const name = String(path.at(-1))
    if (FIELDS.has(name)) fields[name] = `It ${message}.`
    else others.push(`${name}: ${message}.`)
  }
  return { whole: others.join(' ') || null, fields }
}

function duration(seconds: number): string {
  if (seconds < 90) return seconds === 1 ? '1 second' : `${seconds} seconds`
  return `${Math.ceil(seconds / 60)} minutes`
}
