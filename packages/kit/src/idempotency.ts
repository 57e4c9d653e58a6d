import { createHash } from 'node:crypto'
import type { Sql } from '@ashlar/database/sql'
import { badUserInput, conflict } from './errors.js'
import { KEEP, READ, TAKE } from './sql/idempotency.js'
import { checkText } from './text.js'

const KEY_MAX = 128

export interface Attempt {
  /** Whose key it is: keys of two people never meet. */
  readonly actor: string
  /** The mutation's field, with the room or the like that the key is for. */
  readonly field: string
  /** Null or absent: every attempt is one of its own. */
  readonly key: string | null | undefined
  /** What came with it; the same key with other input is CONFLICT. */
  readonly input: object
}

/**
 * Does `work` once for each key, in the transaction of `sql`: a second attempt gets what the first came to, also when both run at
 * once, since the second waits for the first one's row. Permission is asked before, by whoever calls. Keys are kept for 7 days.
 * @param work answers what is kept as JSON: ids, never content or secrets.
 * @throws CONFLICT for a key that came with other input; BAD_USER_INPUT
 */
export async function once<Result extends object>(
  sql: Sql,
  { actor, field, key, input }: Attempt,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly repeated: boolean }> {
  if (key === null || key === undefined) return { result: await work(), repeated: false }
  checkIdempotencyKey(key)
  const hash = hashOfInput(input)
  const [taken] = await sql.query(TAKE, [actor, field, key, hash])
  if (taken) {
    const result = await work()
    await sql.query(KEEP, [actor, field, key, JSON.stringify(result)])
    return { result, repeated: false }
  }
  const [first] = await sql.query<{ inputHash: Uint8Array; result: Result }>(READ, [actor, field, key])
  if (!first || !hash.equals(first.inputHash)) throw conflict({ field: 'idempotencyKey', message: 'This key came with other input.' })
  return { result: first.result, repeated: true }
}

/** @throws BAD_USER_INPUT */
export function checkIdempotencyKey(key: string, min = 1, path: readonly string[] = ['input', 'idempotencyKey']): string {
  if ([...checkText(key, { path, max: KEY_MAX })].length < min) throw badUserInput(path, `has ${min} to ${KEY_MAX} characters`)
  return key
}

/** A hash of the input as it means, whatever the order of its fields; the key itself is no part of it. */
export const hashOfInput = (input: object): Buffer =>
  createHash('sha256')
    .update(canonical({ ...input, idempotencyKey: undefined }))
    .digest()

function canonical(value: unknown): string {
  if (value instanceof Date || value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return `{${fields
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`)
    .join(',')}}`
}
