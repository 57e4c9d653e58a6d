import { describe, expect, it } from '@jest/globals'
import type { Thing } from '../support/federated.js'
import { answersAsOne } from '../support/federation.js'

const children: Thing[] = [1, 2, 3].map((n) => ({ __typename: 'Child', id: `c${n}`, other: n }))
const users: Thing[] = ['en', 'de', 'en'].map((locale, at) => ({
  __typename: 'User',
  id: `u${at}`,
  locale,
  age: at,
  child: children[at % 2],
  children,
}))
const orgs: Thing[] = [0, 1].map((n) => ({
  __typename: 'Org',
  id: `o${n}`,
  lang: n === 0 ? null : 'fr',
  boss: users[0],
  child: children[0],
}))
const name = ({ id }: Thing, { l, x }: Record<string, unknown>) => `${id} ${l} ${x}`

describe('a field that is asked with what its object stands in', () => {
  const federation = answersAsOne(
    {
      services: {
        a: `type Query { users: [User] other: User } type User @key(fields: "id") @context(name: "user") { id: ID! locale: String! child: Child! children: [Child!]! }
          type Child @key(fields: "id") { id: ID! name(l: String @fromContext(field: "$user { locale }"), x: Int, y: String): String }`,
        b: 'type Child @key(fields: "id") { id: ID! other: Int } type User @key(fields: "id") { id: ID! age: Int }',
      },
      entities: [...users, ...children],
      resolvers: { Query: { users: () => [...users, null], other: () => users[1] }, Child: { name } },
    },
    [],
    { rounds: 0 },
  )
  const named = (user: Thing, child: unknown, x?: number) => name(child as Thing, { l: user.locale, x })

  it('has another value for the same object in another place', async () => {
    const { data, errors } = await federation().ask(
      'query ($x: Int!) { users { child { name(x: $x) other } children { name id } } other { locale: age child { n: name } } }',
      { x: 1 },
    )
    expect(errors).toBeUndefined()
    expect(data?.users).toEqual([
      ...users.map((user) => ({
        child: { name: named(user, user.child, 1), other: (user.child as Thing).other },
        children: children.map((child) => ({ name: named(user, child), id: child.id })),
      })),
      null,
    ])
    expect(data?.other).toEqual({ locale: 1, child: { n: named(users[1] as Thing, users[1]?.child) } })
  })

  it('is asked in one request, each object once for each value', async () => {
    await federation().ask('{ users { children { name } } }')
    const [, call, ...more] = federation().called
    expect(more).toEqual([])
    expect(call?.variables).toEqual({
      r0: children.map(({ id }) => ({ __typename: 'Child', id })),
      r1: children.map(({ id }) => ({ __typename: 'Child', id })),
      c0_contextualArgument_1_0: 'en',
      c1_contextualArgument_1_0: 'de',
    })
  })

  it.each(['contextualArgument_1_0', 'c0_contextualArgument_1_0', 'c12_contextualArgument_1_0'])(
    'can not be set by a variable of the same name: %s',
    async (variable) => {
      const query = `query ($${variable}: String) { users { child { name(y: $${variable}) } } }`
      const { errors } = await federation().ask(query, { [variable]: 'forged' })
      expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(['BAD_USER_INPUT'])
      expect(federation().called).toEqual([])
    },
  )

  it('is told of at its place where it fails', async () => {
    federation().instead.a = ({ query, variables }) =>
      query.includes('_entities')
        ? {
            data: { e0: (variables.r0 as unknown[]).map(() => ({ name: 'ok' })), e1: [null] },
            errors: [{ message: 'no', path: ['e1', 0, 'name'], extensions: { code: 'FORBIDDEN' } }],
          }
        : undefined
    const { data, errors } = await federation().ask('{ users { child { name } } }')
    delete federation().instead.a
    expect(data?.users.map((user: Thing | null) => (user?.child as Thing | undefined)?.name)).toEqual(['ok', null, 'ok', undefined])
    expect(errors?.map(({ path }) => path)).toEqual([['users', 1, 'child', 'name']])
  })
})

describe('a context that several types set, further out, and of which parts are null', () => {
  const federation = answersAsOne(
    {
      services: {
        a: `type Query { orgs: [Org] any: [Item] } union Item = User | Org
          type Org @key(fields: "id") @context(name: "where") { id: ID! lang: String boss: Boss child: Child } type Boss @key(fields: "id") { id: ID! child: Child children: [Child!] }
          type User @key(fields: "id") @context(name: "where") { id: ID! locale: String! child: Child }
          type Child @key(fields: "id") { id: ID! name(l: String @fromContext(field: "$where ... on User { locale } ... on Org { lang }"), x: Int = 3): String }`,
        b: 'type Child @key(fields: "id") { id: ID! other: Int }',
      },
      entities: [...users, ...orgs, ...children],
      resolvers: { Query: { orgs: () => orgs, any: () => [...users, ...orgs] }, Child: { name } },
    },
    [],
    { rounds: 0 },
  )

  it('is that of the nearest', async () => {
    const { data, errors } = await federation().ask(
      '{ orgs { boss { children { name other } } } any { __typename ... on User { child { name } } ... on Org { child { name(x: 4) } } } }',
    )
    expect(errors).toBeUndefined()
    expect(data?.orgs).toEqual(
      orgs.map(({ lang }) => ({
        boss: { children: children.map((child) => ({ name: name(child, { l: lang, x: 3 }), other: child.other })) },
      })),
    )
    expect(data?.any).toEqual([
      ...users.map(({ locale, child }) => ({ __typename: 'User', child: { name: name(child as Thing, { l: locale, x: 3 }) } })),
      ...orgs.map(({ lang, child }) => ({ __typename: 'Org', child: { name: name(child as Thing, { l: lang, x: 4 }) } })),
    ])
  })
})
