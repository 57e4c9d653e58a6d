import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { asCaller } from '../src/authorisation.js'
import type { Asking } from '../src/caller.js'
import { callerOf } from '../src/caller.js'
import { defineSubgraph } from '../src/define-subgraph.js'
import { askingAs, askingAsNobody } from '../src/testing/callers.js'
import { codesOf, startTestSubgraph, type TestSubgraph } from '../src/testing/test-subgraph.js'

const SCHEMA = `
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@inaccessible", "@shareable", "@authenticated", "@requiresScopes"])
type Query {
  viewer: Viewer @shareable
  secrets: [Secret] @requiresScopes(scopes: [["things:read", "things:audit"], ["users:admin"]])
  open: Thing
}
type Mutation {
  write: Boolean @authenticated
  moderate: Boolean @requiresScopes(scopes: [["things:moderate"]])
  administer: Boolean @requiresScopes(scopes: [["users:admin"]])
  signIn: Signed
}
type Signed { viewer: Viewer }
type Viewer @key(fields: "userId") { userId: ID! @inaccessible name: String }
type Thing @key(fields: "id") { id: ID! hidden: String @authenticated secret: Secret }
type Secret @key(fields: "id") @requiresScopes(scopes: [["users:admin"]]) { id: ID! }
`
const folder = mkdtempSync(join(tmpdir(), 'ashlar-test-'))
writeFileSync(join(folder, 'schema.graphql'), SCHEMA)

const someone = askingAs()
const definition = defineSubgraph({
  name: 'things',
  schema: pathToFileURL(join(folder, 'schema.graphql')),
  resolvers: {
    Query: {
      viewer: (_: unknown, __: unknown, { caller }: { caller: { identity: { userId: string } | null } }) =>
        caller.identity && { userId: caller.identity.userId },
      secrets: () => [{ id: '1' }],
      open: () => ({ id: '1', hidden: 'seen', secret: { id: '2' } }),
    },
    Mutation: {
      write: () => true,
      moderate: () => true,
      administer: () => true,
      signIn: () => ({ viewer: { userId: someone.identity?.userId, [asCaller]: callerOf(someone, 'things', 'write') } }),
    },
    Viewer: { name: () => 'Ada' },
    Thing: { __resolveReference: ({ id }: { id: string }) => ({ id, hidden: 'seen' }) },
    Secret: { __resolveReference: ({ id }: { id: string }) => ({ id }) },
  },
  services: () => null,
  loaders: () => null,
})

let test: TestSubgraph<null>
beforeAll(async () => {
  test = await startTestSubgraph(definition)
})
afterAll(() => test.close())

const codes = async (query: string, asking: Asking) => codesOf(await test.ask(query, {}, asking))
const key = (...scopes: string[]) => askingAs({ credential: 'key', scopes })

describe('what a schema declares', () => {
  it('needs a sign-in for @authenticated, on a field of an entity too', async () => {
    expect(await codes('mutation { write }', askingAsNobody())).toEqual(['UNAUTHENTICATED'])
    expect(await codes('{ open { id hidden } }', askingAsNobody())).toEqual(['UNAUTHENTICATED'])
    expect(
      await codes('{ _entities(representations: [{ __typename: "Thing", id: "1" }]) { ... on Thing { hidden } } }', askingAsNobody()),
    ).toEqual(['UNAUTHENTICATED'])
    expect(await codes('{ open { id hidden } }', askingAs())).toEqual([])
  })

  it('needs every scope of one of the sets', async () => {
    expect(await codes('{ secrets { id } }', askingAsNobody())).toEqual(['UNAUTHENTICATED'])
    expect(await codes('{ secrets { id } }', key('things:read'))).toEqual(['FORBIDDEN'])
    expect(await codes('{ secrets { id } }', key('things:read', 'things:audit'))).toEqual(['FORBIDDEN'])
    expect(await codes('{ secrets { id } }', key('users:admin'))).toEqual([])
  })

  it('guards a type wherever it is reached, and as an entity', async () => {
    expect(await codes('{ open { secret { id } } }', askingAs())).toEqual(['FORBIDDEN'])
    expect(await codes('{ _entities(representations: [{ __typename: "Secret", id: "1" }]) { ... on Secret { id } } }', askingAs())).toEqual(
      ['FORBIDDEN'],
    )
    expect(
      await codes(
        '{ _entities(representations: [{ __typename: "Secret", id: "1" }]) { ... on Secret { id } } }',
        askingAs({ role: 'ADMIN' }),
      ),
    ).toEqual([])
  })

  it("opens one's own for a session or the service's scope, and nothing for a key without", async () => {
    for (const asking of [askingAs(), askingAs({ credential: 'app', scopes: ['own'] }), key('things:read'), key('things:write')])
      expect(await codes('{ viewer { name } }', asking)).toEqual([])
    for (const asking of [key(), key('others:read'), key('things:readx'), key('users:admin')])
      expect(await codes('{ viewer { name } }', asking)).toEqual(['FORBIDDEN'])
    for (const asking of [askingAs(), key('things:write'), key('things:moderate')])
      expect(await codes('mutation { write }', asking)).toEqual([])
    for (const asking of [key(), key('things:read'), key('others:write')])
      expect(await codes('mutation { write }', asking)).toEqual(['FORBIDDEN'])
  })

  it('wants a fresh sign-in or a key for what administers, and refuses an app of an administrator', async () => {
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000)
    expect(await codes('mutation { administer }', askingAs({ role: 'ADMIN' }))).toEqual([])
    expect(await codes('mutation { administer }', key('users:admin'))).toEqual([])
    expect(await codes('mutation { administer }', askingAs({ role: 'ADMIN', credential: 'app', scopes: ['own'] }))).toEqual(['FORBIDDEN'])
    const stale = await test.ask('mutation { administer }', {}, askingAs({ role: 'ADMIN', authenticatedAt: hoursAgo(1.01) }))
    expect(stale.errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED', reauthenticate: true })
    expect(await codes('mutation { moderate }', key('things:moderate'))).toEqual([])
  })

  it('answers the fields of who has just signed in, though the request bore no credential', async () => {
    const answer = await test.ask('mutation { signIn { viewer { name } } }', {}, askingAsNobody())
    expect(answer).toEqual({ data: { signIn: { viewer: { name: 'Ada' } } } })
  })

  it('says in each description what the field needs', () => {
    const field = (type: string, name: string) =>
      (test.subgraph.schema.getType(type) as { getFields(): Record<string, { description: string }> } | undefined)?.getFields()[name]
        ?.description
    expect(field('Mutation', 'write')).toBe('Needs a sign-in.')
    expect(field('Query', 'secrets')).toBe('Needs things:read and things:audit, or users:admin.')
  })
})

describe('what was sent', () => {
  it('is refused with every issue and its path, in variables and in literals', async () => {
    const wrong = await test.ask(
      'query ($r: [_Any!]!, $n: Int!) { _entities(representations: $r) { __typename } n: __typename @include(if: $n) }',
      { r: null, n: 'x' },
    )
    expect(codesOf(wrong).length).toBeGreaterThan(0)
    expect(wrong.data).toBeUndefined()
  })

  it('is masked where it is unexpected, and the id leads to the one log line', async () => {
    const lines: string[] = []
    const { pino } = await import('pino')
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
    const failing = defineSubgraph({
      ...definition,
      resolvers: {
        ...definition.resolvers,
        Query: {
          open: () => {
            throw new Error('the password is hunter2')
          },
        },
      },
    })
    await using broken = await startTestSubgraph(failing, { log })
    const { errors } = await broken.ask('{ open { id } }')
    expect(JSON.stringify(errors)).not.toContain('hunter2')
    expect(errors?.[0]?.extensions?.code).toBe('INTERNAL_SERVER_ERROR')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '').errorId).toBe(errors?.[0]?.extensions?.errorId)
  })
})
