import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { contractSubgraphs, hasContract } from './support/contract.js'
import { codesOf, type Running, startGateway } from './support/running-gateway.js'
import { testSubgraph } from './support/subgraphs.js'
import { town } from './support/town.js'

const tags = testSubgraph({
  name: 'tags',
  subjects: ['Post'],
  sdl: `
    interface Node { id: ID! }
    type Query { tag(id: ID!): Tag }
    type Subject @key(fields: "id") @interfaceObject { id: ID! tags: [Tag!] }
    type Tag implements Node @key(fields: "id") { id: ID! name: String! subjects: [Subject] }
  `,
  resolvers: {
    Query: { tag: () => null },
    Subject: { __resolveType: () => 'Post' },
    Post: { __resolveReference: (post: object) => post, tags: () => [{ id: 'tag_1' }] },
    Tag: { __resolveReference: (tag: object) => tag, name: () => 'a', subjects: () => [] },
  },
})
/** The more types can be commented on and tagged, the more there is to go to and fro between. */
const TYPES = ['Note', 'Room', 'Feed', 'FeedEntry', 'Tracker']
const things = testSubgraph({
  name: 'things',
  sdl: `
    interface Subject { id: ID! viewerCanEdit: Boolean }
    type Query { things: [Subject!] }
    ${TYPES.map((type) => `type ${type} implements Subject @key(fields: "id") { id: ID! viewerCanEdit: Boolean }`).join('\n')}
  `,
  resolvers: { Subject: { __resolveType: () => 'Note' }, Query: { things: () => [] } },
})
const subgraphs = [...town().all, tags, things]

/** To and fro between comments and tags: what the planner multiplies. */
const toAndFro = (levels: number, nodes: string): string =>
  levels === 0 ? 'id' : `comments { nodes { subject { tags { subjects ${nodes.replace('…', toAndFro(levels - 1, nodes))} } } } }`
const screen = (levels: number): string =>
  levels === 0
    ? 'title'
    : `title author { username } tags { name } comments { nodes { text author { username } subject { ... on Post { ${screen(levels - 1)} } } } }`
const HOSTILE = `{ posts { nodes { ${toAndFro(14, '{ … }')} } } }`
const PLANNING_MS = 1_000
/** What is planned here would cost too much to be carried out. */
const UNBOUND = Number.POSITIVE_INFINITY

const ended = (running: Running) => running.lines.filter(({ msg }) => msg === 'the planner was ended').length

let running: Running
beforeAll(async () => {
  running = await startGateway({ subgraphs, limits: { planningMs: PLANNING_MS, cost: UNBOUND, depth: UNBOUND } })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})
afterEach(() => {
  running.lines.length = 0
})

describe('planning', () => {
  it('bears a screen of six levels of comments and tags', async () => {
    const answer = await running.ask(`{ posts { nodes { ${screen(6)} } } }`)
    expect(answer.json.errors).toBeUndefined()
    expect(answer.json.data?.posts.nodes).toHaveLength(3)
  })

  it('ends what would take for ever, once for all who ask it, and remembers', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => running.ask(HOSTILE)))
    for (const answer of answers) expect({ status: answer.status, codes: codesOf(answer) }).toEqual({ status: 400, codes: ['TOO_COMPLEX'] })
    expect(ended(running)).toBe(1)
    expect(codesOf(await running.ask(HOSTILE))).toEqual(['TOO_COMPLEX'])
    expect(ended(running)).toBe(1)
  })

  it('remembers no more of what it has refused than it may keep', async () => {
    const limits = { planningMs: 300, cost: UNBOUND, depth: UNBOUND, planBytesKept: 10_000 }
    await using small = await startGateway({ subgraphs, limits })
    const long = `${HOSTILE} #${'x'.repeat(limits.planBytesKept)}`
    for (const query of [long, long]) expect(codesOf(await small.ask(query))).toEqual(['TOO_COMPLEX'])
    expect(ended(small)).toBe(2)
    small.lines.length = 0
  })

  it('goes on with the next', async () => {
    const [hostile, plain] = await Promise.all([
      running.ask(`${HOSTILE} # again`),
      running.ask('{ posts { nodes { title author { username } } } }'),
    ])
    expect(codesOf(hostile)).toEqual(['TOO_COMPLEX'])
    expect(plain.json.errors).toBeUndefined()
  })

  it('leaves the event loop to those whose operations are known', async () => {
    const known = '{ posts { nodes { title author { username } } } }'
    await running.ask(known)
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    let planning = true
    const hostile = running.ask(`${HOSTILE} # once more`).finally(() => {
      planning = false
    })
    let answered = 0
    for (; planning; answered += 1) expect((await running.ask(known)).json.errors).toBeUndefined()
    delay.disable()
    expect(codesOf(await hostile)).toEqual(['TOO_COMPLEX'])
    expect(answered).toBeGreaterThan(5)
    expect(delay.percentile(99) / 1e6).toBeLessThan(200)
  })

  it('lets only so many wait', async () => {
    await using busy = await startGateway({ subgraphs, limits: { plansWaiting: 3 } })
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => busy.ask(`{ a${n}: posts { totalCount } }`)))
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(20)
    for (const answer of refused) {
      expect({ status: answer.status, codes: codesOf(answer) }).toEqual({ status: 429, codes: ['RATE_LIMITED'] })
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    }
    expect((await busy.ask('{ a0: posts { totalCount } }')).status).toBe(200)
    expect((await busy.ask(`{ a19: posts { totalCount } }`)).status).toBe(200)
  })

  it('plans anew what it has had to forget', async () => {
    await using small = await startGateway({ subgraphs, limits: { plansKept: 1, planBytesKept: 1 } })
    for (const query of ['{ posts { totalCount } }', '{ users { totalCount } }', '{ posts { totalCount } }']) {
      expect((await small.ask(query)).json.errors).toBeUndefined()
    }
  })
})

;(hasContract ? describe : describe.skip)(
  'planning over the whole contract (only where ../shared/contract lies beside the project)',
  () => {
    let whole: Running
    beforeAll(async () => {
      whole = await startGateway({ subgraphs: contractSubgraphs(), limits: { cost: UNBOUND, depth: UNBOUND } })
    })
    afterAll(async () => {
      await whole[Symbol.asyncDispose]()
    })

    const CONTRACT_SCREEN = (levels: number): string =>
      levels === 0
        ? 'id'
        : `id ... on Post { title author { username } tags { name } } comments { nodes { text author { username } replies { nodes { text author { username } } } subject { ${CONTRACT_SCREEN(levels - 1)} } } }`

    it.each([
      ['six levels of comments and tags', `{ posts { nodes { ${CONTRACT_SCREEN(6)} } } }`],
      ['six levels of whatever has an id', `{ node(id: "post_01h455vb4pex5vsknk084sn02q") { ... on Subject { ${CONTRACT_SCREEN(6)} } } }`],
      ['three times to and fro', `{ posts { nodes { ${toAndFro(2, '{ nodes { … } }')} } } }`],
      [
        'a home screen',
        `{ viewer { id user { username } notes { nodes { title tags { name } } } rooms { nodes { name topic } } mailbox { unreadCount } }
         posts { nodes { title author { username } commentCount tags { name } } } }`,
      ],
    ])('bears %s', async (_, query) => {
      const answer = await whole.ask(query)
      expect({ status: answer.status, codes: new Set(codesOf(answer)) }).toEqual({ status: 200, codes: new Set(['SUBGRAPH_UNAVAILABLE']) })
    })

    it.each([
      ['posts', `{ posts { nodes { ${toAndFro(8, '{ nodes { … } }')} } } }`],
      [
        'whatever has an id',
        `{ node(id: "post_01h455vb4pex5vsknk084sn02q") { ... on Post { ${toAndFro(8, '{ nodes { … } }')} } ... on Note { ${toAndFro(8, '{ nodes { … } }')} } } }`,
      ],
    ])('ends what goes to and fro for ever between comments and tags of %s', async (_, query) => {
      const answer = await whole.ask(query)
      expect({ status: answer.status, codes: codesOf(answer) }).toEqual({ status: 400, codes: ['TOO_COMPLEX'] })
      expect(ended(whole)).toBe(1)
      expect(codesOf(await whole.ask(query))).toEqual(['TOO_COMPLEX'])
      expect(ended(whole)).toBe(1)
      whole.lines.length = 0
    })
  },
)
