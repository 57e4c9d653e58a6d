import { createHash } from 'node:crypto'
import type { QueryResult, QueryResultRow } from 'pg'

/** Where SQL of one's own is sent: a pool, or the connection that a transaction holds. */
export interface Sql {
  /** Runs one statement, prepared once a connection, and answers its rows. */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>
  /** Has `work` done once what was written so far is committed, and never if it is undone; outside of a transaction at once. */
  afterCommit(work: () => void): void
}

interface Queryable {
  afterCommit?(work: () => void): void
  query<Row extends QueryResultRow>(config: { name: string; text: string; values: unknown[] }): Promise<QueryResult<Row>>
}

/** Statements of one's own over a pool or over one connection. */
export const sqlOver = (client: Queryable): Sql => ({
  async query<Row extends object>(text: string, values: readonly unknown[] = []) {
    const { rows } = await client.query<Row>({ name: statementName(text), text, values: [...values] })
    return rows
  },
  afterCommit: (work) => (client.afterCommit ? client.afterCommit(work) : work()),
})

const names = new Map<string, string>()
const NAMES_MAX = 2_000

/** The name under which a statement is prepared: the same text has the same name on every connection. */
export function statementName(text: string): string {
  const known = names.get(text)
  if (known) return known
  const name = `s${createHash('sha256').update(text).digest('base64url').slice(0, 24)}`
  // Texts are written in code and few; what builds them out of data must not fill the memory.
  if (names.size >= NAMES_MAX) names.clear()
  names.set(text, name)
  return name
}
