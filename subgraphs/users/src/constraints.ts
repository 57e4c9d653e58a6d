import { conflict } from '@ashlar/kit/errors'

/** The unique constraint that a write ran into; null for any other error. */
export function brokenConstraint(error: unknown): string | null {
  const { code, constraint } = error as { code?: string; constraint?: string }
  return code === '23505' ? (constraint ?? '') : null
}

const FIELDS: Readonly<Record<string, string>> = { account_email_key: 'email', account_username_key: 'username' }

/** Has an address or a name that another has taken meanwhile be a CONFLICT with its field. */
export async function orConflict<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const field = FIELDS[brokenConstraint(error) ?? '']
    throw field ? conflict({ field }) : error
  }
}
