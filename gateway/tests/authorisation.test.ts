import type { Identity } from '@ashlar/kit/caller'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { codesOf, IDENTITY, type Response, type Running, startGateway } from './support/running-gateway.js'
import { testSubgraph } from './support/subgraphs.js'
import { vault } from './support/vault.js'

const { people, notes, all, reset } = vault()
const asked: { names: readonly string[]; scopes: readonly string[] | null }[] = []
let running: Running

/** `Bearer a b` has the scopes a and b; the policies `policy:x` among them hold. */
const authenticate = async (authorization: string | undefined): Promise<Identity | null> =>
  authorization === undefined ? null : { ...IDENTITY, scopes: authorization.slice('Bearer '.length).split(' ') }

beforeAll(async () => {
  running = await startGateway({
    subgraphs: all,
    authenticate,
    policies: async (names, { identity }) => {
      asked.push({ names, scopes: identity?.scopes ?? null })
      return new Set(names.filter((name) => identity?.scopes.includes(`policy:${name}`)))
    },
  })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})
afterEach(() => {
  reset()
  asked.length = 0
})

const ask = (query: string, scopes?: string, variables: object = {}) =>
  running.ask(query, variables, scopes === undefined ? {} : { authorization: `Bearer ${scopes}` })
const told = ({ json }: Response) => json.errors?.map(({ path, extensions }) => [path?.join('.'), extensions?.code])
const fetched = () => all.flatMap(({ calls }) => calls.map(({ query }) => query))

describe('a field', () => {
  it.each([
    ['signedIn', undefined, 'UNAUTHENTICATED'],
    ['signedIn', 'own', null],
    ['scoped', undefined, 'UNAUTHENTICATED'],
    ['scoped', 'a', 'FORBIDDEN'],
    ['scoped', 'a b', null],
    ['scoped', 'c', null],
    ['policed', undefined, 'UNAUTHENTICATED'],
    ['policed', 'policy:owner', 'FORBIDDEN'],
    ['policed', 'policy:owner policy:adult', null],
    ['policed', 'policy:root', null],
    ['both', 'own', 'FORBIDDEN'],
    ['both', 'policy:owner', null],
    ['vault { gold }', undefined, 'UNAUTHENTICATED'],
    ['vault { gold }', 'own', null],
    ['level', undefined, 'UNAUTHENTICATED'],
    ['level', 'own', null],
    ['stamp', 'own', 'FORBIDDEN'],
    ['stamp', 'a', null],
  ])('%s with %s is answered or refused as the schema declares it: %s', async (field, scopes, code) => {
    const answer = await ask(`{ open mine: ${field} }`, scopes)
    expect(answer.status).toBe(200)
    expect(answer.json.data?.open).toBe('open')
    if (code === null) expect({ errors: answer.json.errors, mine: answer.json.data?.mine }).toEqual({ mine: expect.anything() })
    else {
      expect({ told: told(answer), mine: answer.json.data?.mine }).toEqual({ told: [['mine', code]], mine: null })
      expect(fetched()).toEqual(['{open}'])
    }
  })

  it('that is refused costs what only it needs as little as itself', async () => {
    const answer = await ask('{ person { id notes greeting } people { salary } }')
    expect(answer.json.data).toEqual({
      person: { id: '1', notes: null, greeting: 'Hello, Ada' },
      people: [{ salary: null }, { salary: null }],
    })
    expect(told(answer)).toEqual([
      ['person.notes', 'UNAUTHENTICATED'],
      ['people.0.salary', 'UNAUTHENTICATED'],
      ['people.1.salary', 'UNAUTHENTICATED'],
    ])
    expect(notes.calls).toHaveLength(1)
    expect(notes.calls[0]?.query).not.toMatch(/notes|salary/)
  })

  it('that must not be null takes the nearest place with it that may be', async () => {
    const answer = await ask('{ open person { friend { must } name } grid { id must } }')
    expect(answer.json.data).toEqual({ open: 'open', person: { friend: null, name: 'Ada' }, grid: [[null, null], null, [null]] })
    expect(told(answer)).toEqual([
      ['person.friend.must', 'UNAUTHENTICATED'],
      ['grid.0.0.must', 'UNAUTHENTICATED'],
      ['grid.2.0.must', 'UNAUTHENTICATED'],
    ])
    expect(running.lines).toEqual([])
  })

  it('that must not be null takes a whole answer with it where nothing may be', async () => {
    const answer = await ask('{ people { must } open }')
    expect(answer.json.data).toBeNull()
    expect(told(answer)).toEqual([
      ['people.0.must', 'UNAUTHENTICATED'],
      ['people.1.must', 'UNAUTHENTICATED'],
    ])
  })

  it('of what is not there is refused nowhere', async () => {
    expect((await ask('{ nobody { private must } }')).json).toEqual({ data: { nobody: null } })
  })

  it('that is a key goes between services and not to the client', async () => {
    const answer = await ask('{ account { number owner } }')
    expect(answer.json.data).toEqual({ account: { number: null, owner: 'Ada' } })
    expect(told(answer)).toEqual([['account.number', 'UNAUTHENTICATED']])
    expect((await ask('{ account { number owner } }', 'own')).json).toEqual({ data: { account: { number: '77', owner: 'Ada' } } })
  })
})

describe('no way around it is', () => {
  it.each([
    ['an alias', '{ person { private: name x: private } }', { private: 'Ada', x: null }, 'person.x'],
    [
      'a fragment',
      '{ person { ...F } } fragment F on Person { name ...G } fragment G on Person { private }',
      { name: 'Ada', private: null },
      'person.private',
    ],
    ['a fragment without a type', '{ person { ... { private } name } }', { private: null, name: 'Ada' }, 'person.private'],
    ['a condition', '{ person { private @skip(if: false) name } }', { private: null, name: 'Ada' }, 'person.private'],
    ['asking twice', '{ person { private name } person { private } }', { private: null, name: 'Ada' }, 'person.private'],
    ['an object that leads on', '{ person { secretFriend { name } name } }', { secretFriend: null, name: 'Ada' }, 'person.secretFriend'],
    [
      'an object asked for in several places',
      '{ person { ...F name } } fragment F on Person { secretFriend { name } } ',
      { secretFriend: null, name: 'Ada' },
      'person.secretFriend',
    ],
  ])('%s', async (_, query, person, path) => {
    const answer = await ask(query)
    expect(answer.json.data).toEqual({ person })
    expect(told(answer)).toEqual([[path, 'UNAUTHENTICATED']])
    for (const text of fetched()) expect(text).not.toMatch(/private\b(?!:)|secretFriend/)
  })

  it('a name that is the alias of what may be seen', async () => {
    const answer = await ask('{ person { name: private private: name } }')
    expect(answer.json.data).toEqual({ person: { name: null, private: 'Ada' } })
  })

  it('what is left out by a condition, of which nothing is told', async () => {
    const query = 'query ($with: Boolean!) { person { name private @include(if: $with) } }'
    expect((await ask(query, undefined, { with: false })).json).toEqual({ data: { person: { name: 'Ada' } } })
    expect(told(await ask(query, undefined, { with: true }))).toEqual([['person.private', 'UNAUTHENTICATED']])
  })
})

describe('an object of which all is refused', () => {
  it('is asked whether it is there, and no more', async () => {
    const answer = await ask('{ person { private } }')
    expect(answer.json.data).toEqual({ person: { private: null } })
    expect(fetched()).toEqual(['{person{__typename}}'])
  })

  it('may still say of what type it is', async () => {
    expect((await ask('{ person { __typename private } }')).json.data).toEqual({ person: { __typename: 'Person', private: null } })
  })
})

describe('what may come later', () => {
  it.each([
    '{ person { name ... @defer { greeting private } } }',
    '{ person { name ...F @defer(label: "later") } } fragment F on Person { greeting private }',
    '{ person { name ... @defer { private } greeting } }',
  ])('is refused as anything else, and comes at once: %s', async (query) => {
    const headers = { accept: 'multipart/mixed; deferSpec=20220824, application/json' }
    const answer = await running.ask(query, {}, headers)
    expect(answer.text).not.toContain('diary')
    const plain = await running.ask(query)
    expect(plain.json.data).toEqual({ person: { name: 'Ada', greeting: 'Hello, Ada', private: null } })
    expect(told(plain)).toEqual([['person.private', 'UNAUTHENTICATED']])
    for (const text of fetched()) expect(text).not.toContain('private')
  })
})

describe('a type among others', () => {
  it('is refused by itself where fragments name it', async () => {
    const query = '{ found { __typename ... on Book { label } ... on Vault { gold } } }'
    const answer = await ask(query)
    expect(answer.json.data?.found).toEqual([
      { __typename: 'Book', label: 'a book' },
      { __typename: 'Vault', gold: null },
    ])
    expect(told(answer)).toEqual([['found.1.gold', 'UNAUTHENTICATED']])
    expect(fetched().join()).not.toContain('gold')
    expect((await ask(query, 'own')).json.data?.found[1]).toEqual({ __typename: 'Vault', gold: 7 })
  })

  it('is asked for by fields of an interface, and by fragments is not', async () => {
    const all = await ask('{ things { id label } }', 'own')
    expect(told(all)).toEqual([
      ['things.0.label', 'FORBIDDEN'],
      ['things.1.label', 'FORBIDDEN'],
    ])
    const some = await ask('{ things { id ... on Book { label } ... on Key { label } } }', 'own')
    expect(some.json.data?.things).toEqual([
      { id: '1', label: 'a book' },
      { id: '2', label: null },
    ])
    expect(told(some)).toEqual([['things.1.label', 'FORBIDDEN']])
    const both = await ask('{ things { label ... on Book { label } } }', 'own')
    expect(both.json.data?.things).toEqual([{ label: 'a book' }, { label: null }])
    expect(told(both)).toEqual([['things.1.label', 'FORBIDDEN']])
  })
})

describe('a name that stands for different fields of different types', () => {
  it('is told of where what stands below is refused in one of them', async () => {
    const service = testSubgraph({
      name: 'mixed',
      sdl: `
        type Query { mixed: [Mixed!]! }
        union Mixed = One | Other
        type One { one: Inner }
        type Other { other: Inner }
        type Inner { open: String secret: String @authenticated must: String! @authenticated }
      `,
      resolvers: {
        Query: {
          mixed: () => [
            { __typename: 'One', one: { open: 'a', secret: 'b', must: 'c' } },
            { __typename: 'Other', other: { open: 'd', secret: 'e', must: 'f' } },
          ],
        },
      },
    })
    await using gateway = await startGateway({ subgraphs: [service], authenticate })
    const answer = await gateway.ask('{ mixed { ... on One { x: one { secret } } ... on Other { x: other { open } } } }')
    expect(answer.json.data).toEqual({ mixed: [{ x: { secret: null } }, { x: { open: 'd' } }] })
    expect(told(answer)).toEqual([['mixed.0.x.secret', 'UNAUTHENTICATED']])
    const must = await gateway.ask('{ mixed { ... on One { x: one { must } } ... on Other { x: other { open } } } }')
    expect(must.json.data).toEqual({ mixed: [{ x: null }, { x: { open: 'd' } }] })
    expect(told(must)).toEqual([['mixed.0.x.must', 'UNAUTHENTICATED']])
    expect(gateway.lines).toEqual([])
  })
})

describe('mutations', () => {
  it('that are refused do not run, and the others do in their order', async () => {
    const answer = await ask('mutation { third first second }')
    expect(answer.json.data).toEqual({ third: '3', first: '1', second: null })
    expect(told(answer)).toEqual([['second', 'UNAUTHENTICATED']])
    expect(fetched()).toEqual(['mutation{third first}'])
  })

  it('run even where nothing of what they answer may be seen', async () => {
    const answer = await ask('mutation { change { private } }')
    expect(answer.json.data).toEqual({ change: { private: null } })
    expect(fetched()).toEqual(['mutation{change{__typename}}'])
  })
})

describe('an operation of which everything is refused', () => {
  it.each(['{ signedIn scoped }', 'mutation { second }', '{ vault { gold } }'])('asks no service: %s', async (query) => {
    const answer = await ask(query)
    expect(answer.status).toBe(200)
    expect(new Set(codesOf(answer))).toEqual(new Set(['UNAUTHENTICATED']))
    expect(Object.values(answer.json.data ?? {}).every((value) => value === null)).toBe(true)
    expect(fetched()).toEqual([])
  })
})

describe('policies', () => {
  it('are asked for once for all of an operation, and not where there are none', async () => {
    await ask('{ policed both a: policed }', 'policy:owner')
    expect(asked).toEqual([{ names: expect.arrayContaining(['owner', 'adult', 'root']), scopes: ['policy:owner'] }])
    expect(asked[0]?.names).toHaveLength(3)
    asked.length = 0
    await ask('{ open signedIn }', 'policy:owner')
    expect(asked).toEqual([])
  })

  it('decide for each request by itself, though others ask the same at the same time', async () => {
    const asked: string[] = []
    let joined = () => 0
    await using gateway = await startGateway({
      subgraphs: all,
      sharing: { inFlight: true, cacheBytes: 1024 * 1024 },
      policies: async (_, { request }) => {
        asked.push(request.userAgent ?? '')
        await until(() => joined() === 1)
        return new Set(request.userAgent === 'inside' ? ['root'] : [])
      },
    })
    joined = () => gateway.gateway.sharing.joined
    const first = gateway.ask('{ policed }', {}, { 'user-agent': 'inside' })
    await until(() => asked.length === 1)
    const second = gateway.ask('{ policed }', {}, { 'user-agent': 'outside' })
    expect([(await first).json.data, (await second).json.data]).toEqual([{ policed: 'policed' }, { policed: null }])
    expect(asked).toEqual(['inside', 'outside'])
    expect((await first).headers['cache-control']).toContain('no-store')
  })

  it('hold for nobody where nobody says so', async () => {
    await using plain = await startGateway({ subgraphs: all, authenticate })
    const answer = await plain.ask('{ policed }', {}, { authorization: 'Bearer own' })
    expect(answer.json.data).toEqual({ policed: null })
    expect(codesOf(answer)).toEqual(['FORBIDDEN'])
  })
})

describe('who has just signed in', () => {
  it('gets what their services give them, in the request that bore no credential', async () => {
    const service = testSubgraph({
      name: 'sessions',
      sdl: `
        type Query { secret: String @authenticated }
        type Mutation { signIn: Person @signsIn signUp: Person @opensSession other: Person @authenticated rename: Person }
        type Person { secret: String @authenticated }
      `,
      resolvers: {
        Mutation: Object.fromEntries(['signIn', 'signUp', 'other', 'rename'].map((name) => [name, () => ({ secret: 'mine' })])),
      },
    })
    await using gateway = await startGateway({ subgraphs: [service], authenticate })
    expect((await gateway.ask('mutation { signIn { secret } other { secret } }')).json).toMatchObject({
      data: { signIn: { secret: 'mine' }, other: null },
      errors: [{ path: ['other'], extensions: { code: 'UNAUTHENTICATED' } }],
    })
    expect(
      (await gateway.ask('mutation { ...Both } fragment Both on Mutation { signUp { secret } rename { secret } }')).json,
    ).toMatchObject({
      data: { signUp: { secret: 'mine' }, rename: { secret: null } },
      errors: [{ path: ['rename', 'secret'], extensions: { code: 'UNAUTHENTICATED' } }],
    })
  })
})

describe('callers at the same time', () => {
  it.each([
    ['each is answered by itself', {}],
    ['the same is answered once', { inFlight: true }],
    ['answers are kept', { inFlight: true, cacheBytes: 1024 * 1024 }],
  ])(
    'get each their own answer of one operation, a thousand times, where %s',
    async (_, sharing) => {
      const query = '{ open signedIn scoped person { name private salary } }'
      const expected = new Map([
        [undefined, { open: 'open', signedIn: null, scoped: null, person: { name: 'Ada', private: null, salary: null } }],
        ['own', { open: 'open', signedIn: 'signed in', scoped: null, person: { name: 'Ada', private: 'diary', salary: null } }],
        ['c', { open: 'open', signedIn: 'signed in', scoped: 'scoped', person: { name: 'Ada', private: 'diary', salary: 9 } }],
      ])
      const callers = [...expected.keys()]
      await using gateway = await startGateway({ subgraphs: all, authenticate, sharing })
      const answers = await Promise.all(
        Array.from({ length: 1_000 }, async (_each, n) => {
          const scopes = callers[n % callers.length]
          return { scopes, answer: await gateway.ask(query, {}, scopes === undefined ? {} : { authorization: `Bearer ${scopes}` }) }
        }),
      )
      for (const { scopes, answer } of answers) expect(answer.json.data).toEqual(expected.get(scopes))
      const asScopes = people.calls.map(({ query, asking }) => [asking.identity?.scopes.join(' '), query.includes('scoped')])
      for (const [scopes, scoped] of asScopes) expect(scoped).toBe(scopes === 'c')
    },
    120_000,
  )
})
