import { createHash } from 'node:crypto'
import type { Sql } from '@ashlar/database/sql'
import { badUserInput, type Issue } from './errors.js'

export interface PageArgs {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
  readonly last?: number | null | undefined
  readonly before?: string | null | undefined
}

export interface PageInfo {
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  readonly startCursor: string | null
  readonly endCursor: string | null
}

export interface Edge<Node> {
  readonly cursor: string
  readonly node: Node
}

/** A Relay connection. `totalCount` is counted when it is asked for, and not before. */
export interface Connection<Node> {
  readonly edges: readonly Edge<Node>[]
  readonly nodes: readonly Node[]
  readonly pageInfo: PageInfo
  readonly totalCount: () => Promise<number>
}

/** One expression that a list is ordered by. Never null in any row; the last of a list's is unique. */
export interface Key {
  readonly sql: string
  readonly type: keyof typeof KEY_TYPES
  readonly descending?: boolean
}

/** A list as SQL. All of its text is written in code; what comes from outside is in `values`. */
export interface List {
  /** Tells this list's cursors from those of others. */
  readonly name: string
  readonly columns: string
  /** Tables and joins. */
  readonly from: string
  /** Conditions, with `$1` and so on for `values`; in `pagesByParent` also with `parent.id`. */
  readonly where: string
  readonly values: readonly unknown[]
  readonly order: readonly Key[]
  /** What the caller chose of filter and order: a cursor serves only the same. */
  readonly scope?: unknown
}

const PAGE_MAX = 100
const PAGE_DEFAULT = 20
const CURSOR_MAX = 2_000

const KEY_TYPES = {
  timestamptz: (value: unknown) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]{8,15}(Z|[+-]\d\d(:\d\d)?)$/.test(value) && !Number.isNaN(Date.parse(value)),
  uuid: (value: unknown) => typeof value === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(value),
  text: (value: unknown) => typeof value === 'string' && !value.includes('\0'),
  bigint: (value: unknown) => Number.isSafeInteger(value),
  float8: (value: unknown) => typeof value === 'number' && Number.isFinite(value),
}

/**
 * One page by keyset: rows may come and go, and no page shifts. One statement; another for `totalCount` where it is asked for.
 * @throws BAD_USER_INPUT for sizes out of 1 to 100 and for cursors of another list, before any statement runs.
 */
export async function pageOf<Row extends object>(sql: Sql, list: List, args: PageArgs): Promise<Connection<Row>> {
  const page = checkPage(list, args)
  const { text, values } = pageStatement(list, page)
  const rows = await sql.query<Row & Cursored>(text, values)
  return connectionOf(rows, page, async () => {
    const [counted] = await sql.query<{ count: number }>(`select count(*)::int as count from ${list.from} where ${list.where}`, list.values)
    return counted?.count ?? 0
  })
}

/**
 * The same page of each of many parents (`where` names one as `parent.id`, a uuid), in one statement whatever their number; counts of
 * all of them in one more where any is asked for. In the order of `parents`.
 * @throws BAD_USER_INPUT
 */
export async function pagesByParent<Row extends object>(
  sql: Sql,
  list: List,
  parents: readonly string[],
  args: PageArgs,
): Promise<Connection<Row>[]> {
  const page = checkPage(list, args)
  const { text, values } = pageStatement(list, page)
  const parentsAt = `$${values.length + 1}::uuid[]`
  const rows = await sql.query<Row & Cursored & { $parent: string }>(
    `select parent.id as "$parent", child.* from unnest(${parentsAt}) as parent (id) cross join lateral (${text}) child`,
    [...values, parents],
  )
  const byParent = new Map<string, (Row & Cursored)[]>(parents.map((parent) => [parent, []]))
  for (const { $parent, ...row } of rows) byParent.get($parent)?.push(row as Row & Cursored)

  let counts: Promise<Map<string, number>> | undefined
  const count = async () => {
    const counted = await sql.query<{ id: string; count: number }>(
      `select parent.id, (select count(*)::int from ${list.from} where ${list.where}) as count
       from unnest($${list.values.length + 1}::uuid[]) as parent (id)`,
      [...list.values, parents],
    )
    return new Map(counted.map((row) => [row.id, row.count]))
  }
  return parents.map((parent) =>
    connectionOf(byParent.get(parent) ?? [], page, async () => {
      counts ??= count()
      return (await counts).get(parent) ?? 0
    }),
  )
}

/** The same page with each node made into another. */
export const mapConnection = <From, To>({ edges, nodes, ...rest }: Connection<From>, to: (node: From) => To): Connection<To> => {
  const mapped = nodes.map(to)
  return { ...rest, nodes: mapped, edges: edges.map(({ cursor }, index) => ({ cursor, node: mapped[index] as To })) }
}

/** A page of nothing, for what the caller may not see. */
export const emptyConnection = <Node>(): Connection<Node> => ({
  edges: [],
  nodes: [],
  pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
  totalCount: async () => 0,
})

interface Cursored {
  /** The row's keys as JSON, exact to the microsecond, which a Date is not. */
  readonly $keys: string
}

interface Page {
  readonly size: number
  readonly backward: boolean
  /** The keys of the row that the page begins behind. */
  readonly from: readonly unknown[] | null
  readonly scope: string
}

function checkPage(list: List, { first, after, last, before }: PageArgs): Page {
  const issues: Issue[] = []
  const backward = last !== null && last !== undefined
  const forward = first !== null && first !== undefined
  if (backward && forward) issues.push({ path: ['last'], message: 'goes without first' })
  const given = backward ? last : (first ?? PAGE_DEFAULT)
  if (!Number.isInteger(given) || given < 1 || given > PAGE_MAX) {
    issues.push({ path: [backward ? 'last' : 'first'], message: `is 1 to ${PAGE_MAX}` })
  }
  const scope = createHash('sha256')
    .update(JSON.stringify([list.name, list.scope ?? null]))
    .digest('base64url')
    .slice(0, 8)
  const [name, cursor] = backward ? ['before', before] : ['after', after]
  const from = cursor === null || cursor === undefined ? null : decodeCursor(cursor, list.order, scope)
  if (from === undefined) issues.push({ path: [name ?? ''], message: 'is no cursor of this list in this filter and order' })
  if (issues.length > 0) throw badUserInput(issues)
  return { size: given, backward, from: from ?? null, scope }
}

function pageStatement({ columns, from, where, values, order }: List, { size, backward, from: start }: Page) {
  const descending = order.map((key) => Boolean(key.descending) !== backward)
  const at = (index: number) => `$${values.length + index + 1}`
  const behind = start ? ` and (${isBehind(order, descending, at)})` : ''
  const limit = at(start?.length ?? 0)
  return {
    text: `select ${columns}, jsonb_build_array(${order.map(({ sql }) => sql).join(', ')})::text as "$keys" from ${from}
      where (${where})${behind} order by ${order.map(({ sql }, index) => `${sql} ${descending[index] ? 'desc' : 'asc'}`).join(', ')} limit ${limit}`,
    // One row more tells whether there is another page.
    values: [...values, ...(start ?? []), size + 1],
  }
}

/** One comparison of rows where all keys go the same way, which an index answers at once; else spelled out. */
function isBehind(order: readonly Key[], descending: readonly boolean[], at: (index: number) => string): string {
  const value = (index: number) => `${at(index)}::${order[index]?.type}`
  const sign = (index: number) => (descending[index] ? '<' : '>')
  if (new Set(descending).size === 1)
    return `(${order.map(({ sql }) => sql).join(', ')}) ${sign(0)} (${order.map((_, index) => value(index)).join(', ')})`
  return order
    .map(({ sql }, index) => {
      const equal = order.slice(0, index).map((key, before) => `${key.sql} = ${value(before)}`)
      return `(${[...equal, `${sql} ${sign(index)} ${value(index)}`].join(' and ')})`
    })
    .join(' or ')
}

function connectionOf<Row extends object>(
  rows: readonly (Row & Cursored)[],
  { size, backward, from, scope }: Page,
  totalCount: () => Promise<number>,
): Connection<Row> {
  const more = rows.length > size
  const kept = rows.slice(0, size)
  if (backward) kept.reverse()
  const edges = kept.map(({ $keys, ...row }) => ({ cursor: encodeCursor(scope, $keys), node: row as unknown as Row }))
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: backward ? from !== null : more,
      hasPreviousPage: backward ? more : from !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount,
  }
}

const encodeCursor = (scope: string, keys: string): string => Buffer.from(`${scope}${keys}`).toString('base64url')

function decodeCursor(cursor: string, order: readonly Key[], scope: string): readonly unknown[] | undefined {
  if (cursor.length > CURSOR_MAX) return undefined
  const text = Buffer.from(cursor, 'base64url').toString()
  if (!text.startsWith(scope)) return undefined
  try {
    const keys: unknown = JSON.parse(text.slice(scope.length))
    const fits = Array.isArray(keys) && keys.length === order.length && order.every(({ type }, index) => KEY_TYPES[type](keys[index]))
    return fits ? keys : undefined
  } catch {
    return undefined
  }
}
