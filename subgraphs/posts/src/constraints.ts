interface PostgresError {
  readonly code?: string
  readonly constraint?: string
}

/** Whether a write ran into the one constraint that keeps slugs apart. */
export function isTakenSlug(error: unknown): boolean {
  const { code, constraint } = error as PostgresError
  return code === '23505' && constraint === 'post_slug_key'
}

/** Whether two transactions waited for each other and PostgreSQL ended this one. */
export const isDeadlock = (error: unknown): boolean => (error as PostgresError).code === '40P01'
