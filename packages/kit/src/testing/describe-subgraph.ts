import { countStatements } from '@ashlar/database/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type GraphQLField, type GraphQLObjectType, getNamedType, isInterfaceType, isObjectType, isRequiredArgument } from 'graphql'
import type { Asking } from '../caller.js'
import type { Subgraph } from '../define-subgraph.js'
import { decodeAnyId, idPrefix } from '../ids.js'
import { requirementOf } from '../requirements.js'
import { askingAs, askingAsNobody } from './callers.js'
import { callOf, sampleOperation } from './sample-operation.js'
import { codesOf, startTestSubgraph, type TestSubgraph, type TestSubgraphOptions } from './test-subgraph.js'

export interface SubgraphFixtures<Services> extends TestSubgraphOptions {
  /** For each entity the service owns: makes `count` of them that `asking` may see, and answers their ids as clients see them. */
  readonly entities: Readonly<
    Record<string, (test: TestSubgraph<Services>, count: number) => Promise<{ ids: readonly string[]; asking?: Asking }>>
  >
  /** For each field that answers a connection, as `Query.posts` or `User.posts`: makes at least five rows and says how to ask. */
  readonly lists: Readonly<Record<string, (test: TestSubgraph<Services>) => Promise<ListFixture>>>
}

export interface ListFixture {
  readonly asking?: Asking
  /** The operation, with `$first: Int!, $after: String` (and `$last`, `$before` are not asked for) and the list under the alias `list`. */
  readonly query: string
  readonly variables?: Readonly<Record<string, unknown>>
  /** Of a log, which has no beginning: the cursor before the rows that were made. A cursor that was never given is STALE_CURSOR there. */
  readonly from?: string
}

interface Page {
  readonly nodes: readonly unknown[]
  readonly edges: readonly { readonly cursor: string }[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  /** Absent where the list has none. */
  readonly totalCount?: number | null
}

/**
 * What every subgraph passes: its schema is described, whatever needs a sign-in refuses without one, entities resolve in one batch,
 * and every list pages. Takes the subgraph's definition and how to make its things.
 */
export function describeSubgraph<Services, Loaders>(definition: Subgraph<Services, Loaders>, fixtures: SubgraphFixtures<Services>): void {
  describe(`the subgraph ${definition.name}`, () => {
    let test: TestSubgraph<Services>
    const made = new Map<string, ReturnType<(typeof fixtures.entities)[string]>>()
    const madeOf = (typename: string, make: (typeof fixtures.entities)[string]) => {
      const known = made.get(typename) ?? make(test, 20)
      made.set(typename, known)
      return known
    }
    beforeAll(async () => {
      test = await startTestSubgraph(definition, fixtures)
    })
    afterAll(() => test.close())

    it('describes every root field, and every type that has an id', () => {
      const bare = [
        ...rootFields(test).flatMap(({ type, field }) => (field.description ? [] : [`${type.name}.${field.name}`])),
        ...ownTypes(test).flatMap((type) => (type.description || !implementsNode(type) ? [] : [type.name])),
      ]
      expect(bare).toEqual([])
    })

    it('refuses nobody at each field that needs a sign-in, and answers them nothing', async () => {
      const guarded = rootFields(test).filter(({ field }) => requirementOf(field.astNode?.directives))
      for (const { type, field } of guarded) {
        const { query, variables } = sampleOperation(test.subgraph.schema, type, field)
        const answer = await test.ask(query, variables, askingAsNobody())
        expect([field.name, codesOf(answer), answer.data?.[field.name] ?? null]).toEqual([field.name, ['UNAUTHENTICATED'], null])
      }
    })

    it('refuses whoever lacks the scopes that a field needs', async () => {
      const guarded = rootFields(test).filter(({ field }) => (requirementOf(field.astNode?.directives)?.scopes.length ?? 0) > 0)
      for (const { type, field } of guarded) {
        const { query, variables } = sampleOperation(test.subgraph.schema, type, field)
        const answer = await test.ask(query, variables, askingAs())
        expect([field.name, codesOf(answer)]).toEqual([field.name, ['FORBIDDEN']])
      }
    })

    it('opens nothing of the viewer for an API key without scopes', async () => {
      const viewer = test.subgraph.schema.getType('Viewer')
      if (!isObjectType(viewer)) return
      const asking = askingAs({ credential: 'key', scopes: [] })
      for (const field of Object.values(viewer.getFields())) {
        if (field.name === 'userId' || definition.openViewerFields?.includes(field.name)) continue
        const answer = await test.ask(`{ viewer { ${callOf(field).selection} } }`, {}, asking)
        expect([field.name, codesOf(answer)]).toEqual([field.name, ['FORBIDDEN']])
      }
    })

    it('has a fixture for each of its entities and lists', () => {
      expect(Object.keys(fixtures.entities).sort()).toEqual(ownedEntities(test).sort())
      expect(Object.keys(fixtures.lists).sort()).toEqual(connectionFields(test).sort())
    })

    for (const [typename, make] of Object.entries(fixtures.entities)) {
      it(`resolves any number of ${typename} in one batch, and null for what is not there`, async () => {
        const { ids, asking = askingAsNobody() } = await madeOf(typename, make)
        const resolve = async (wanted: readonly string[]) => {
          const representations = wanted.map((id) => ({ __typename: typename, id }))
          const { result, statements } = await countStatements(() => test.ask(ENTITIES, { representations }, asking))
          return { found: result.data?._entities as unknown[], statements }
        }
        await resolve(ids.slice(0, 1))
        const two = await resolve(ids.slice(0, 2))
        const all = await resolve(ids)
        expect(all.found.every(Boolean)).toBe(true)
        expect(all.found).toHaveLength(20)
        expect(all.statements).toHaveLength(two.statements.length)
        const [known = ''] = ids
        const madeUp = `${known.slice(0, -6)}zzzzzz`
        expect(decodeAnyId(madeUp)).not.toBeNull()
        expect((await resolve([madeUp, known])).found.map(Boolean)).toEqual([false, true])
      })
    }

    for (const [typename, make] of Object.entries(fixtures.entities)) {
      it(`marks what of a ${typename} depends on who asks, since all else may be shared between people`, async () => {
        const { ids, asking = askingAsNobody() } = await madeOf(typename, make)
        const type = test.subgraph.schema.getType(typename) as GraphQLObjectType
        const fields = Object.values(type.getFields()).filter((field) => !field.args.some(isRequiredArgument) && !isMarked(field))
        const selection = fields.map((field) => callOf(field).selection).join(' ')
        const query = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ${typename} { ${selection} } } }`
        const representations = ids.map((id) => ({ __typename: typename, id }))
        const askAs = async (viewer: Asking) => {
          const { data } = await test.ask(query, { representations }, viewer)
          return (data?._entities ?? []) as readonly (Record<string, unknown> | null)[]
        }
        const theirs = await askAs(asking)
        expect(theirs.every(Boolean)).toBe(true)
        for (const viewer of [askingAsNobody(), askingAs(), askingAs({ credential: 'key', scopes: [] })]) {
          for (const [index, seen] of (await askAs(viewer)).entries())
            if (seen) for (const { name } of fields) expect([name, seen[name]]).toEqual([name, theirs[index]?.[name]])
        }
      })
    }

    for (const [name, make] of Object.entries(fixtures.lists)) {
      it(`pages ${name} without a gap or a repeat, in 1 to 100 rows a page`, async () => {
        const { query, variables: others = {}, asking = askingAsNobody(), from = null } = await make(test)
        const variables = { ...others, after: from }
        const page = async (args: object) => listIn(await test.ask(query, { ...variables, ...args }, asking))
        const whole = await page({ first: 100 })
        expect(whole.nodes.length).toBeGreaterThanOrEqual(5)
        if (typeof whole.totalCount === 'number') expect(whole.totalCount).toBe(whole.nodes.length)

        const seen: unknown[] = []
        for (let after = from, more = true; more; ) {
          const { nodes, pageInfo }: Page = await page({ first: 2, after })
          expect(nodes.length).toBeLessThanOrEqual(2)
          seen.push(...nodes)
          after = pageInfo.endCursor
          more = pageInfo.hasNextPage
        }
        expect(seen).toEqual(whole.nodes)

        for (const first of [0, 101, -1])
          expect(codesOf(await test.ask(query, { ...variables, first }, asking))).toContain('BAD_USER_INPUT')
        for (const after of ['', 'x', 'bm90aGluZw', 'é'.repeat(3_000)]) {
          const codes = codesOf(await test.ask(query, { ...variables, first: 2, after }, asking))
          expect(codes).toContain(from === null ? 'BAD_USER_INPUT' : 'STALE_CURSOR')
        }
      })
    }
  })
}

const ENTITIES = 'query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename } }'

function listIn({ data, errors }: { readonly data?: unknown; readonly errors?: unknown }): Page {
  if (errors) throw new Error(`a list failed: ${JSON.stringify(errors)}`)
  const find = (value: unknown): Page | null => {
    if (typeof value !== 'object' || value === null) return null
    if ('list' in value) return value.list as Page
    for (const inner of Object.values(value)) {
      const found = find(inner)
      if (found) return found
    }
    return null
  }
  const found = find(data)
  if (!found) throw new Error('the operation answered no list')
  return found
}

const ownTypes = ({ subgraph: { schema } }: Pick<TestSubgraph<unknown>, 'subgraph'>): GraphQLObjectType[] =>
  Object.values(schema.getTypeMap()).filter((type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('_'))

function rootFields(test: Pick<TestSubgraph<unknown>, 'subgraph'>): { type: GraphQLObjectType; field: GraphQLField<unknown, unknown> }[] {
  const { schema } = test.subgraph
  return [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.values(type?.getFields() ?? {})
      .filter(({ name }) => !name.startsWith('_') && name !== 'viewer')
      .map((field) => ({ type: type as GraphQLObjectType, field })),
  )
}

/** Whether the schema says that a field depends on who asks. */
const isMarked = ({ astNode, type }: GraphQLField<unknown, unknown>): boolean =>
  (astNode?.directives?.some(({ name }) => name.value === 'perViewer') ?? false) ||
  [astNode, getNamedType(type).astNode].some((node) => requirementOf(node?.directives))

const implementsNode = (type: GraphQLObjectType): boolean => type.getInterfaces().some(({ name }) => name === 'Node')

/** The types whose ids this service gives: they implement `Node` here, which stubs of others' types don't. */
const ownedEntities = (test: Pick<TestSubgraph<unknown>, 'subgraph'>): string[] =>
  ownTypes(test)
    .filter((type) => implementsNode(type) && idPrefix(type.name) !== '')
    .map(({ name }) => name)

const connectionFields = (test: Pick<TestSubgraph<unknown>, 'subgraph'>): string[] =>
  ownTypes(test).flatMap((type) =>
    Object.values(type.getFields()).flatMap((field) => {
      const named = getNamedType(field.type)
      if (isInterfaceType(named) || !named.name.endsWith('Connection')) return []
      return [`${type.name}.${field.name}`]
    }),
  )
