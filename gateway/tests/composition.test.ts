import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { buildSchema, findBreakingChanges, isInterfaceType, isObjectType } from 'graphql'
import { CompositionError } from '../src/composition/composition-error.js'
import type { GatewaySubgraph } from '../src/subgraph.js'
import { contractSubgraphs, hasContract, promisedSdl } from './support/contract.js'
import { codesOf, EXPIRED, startGateway } from './support/running-gateway.js'
import { testSubgraph } from './support/subgraphs.js'
import { postId, town } from './support/town.js'

const { users, comments, all } = town()

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-gateway-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A further service, whose type is a subject: nobody else knows of it. */
const notes = (field = 'text') =>
  testSubgraph({
    name: 'notes',
    sdl: `
      interface Node { id: ID! }
      interface Subject { id: ID! viewerCanEdit: Boolean }
      type Query { notes: [Note!] }
      type Mutation { unlock: Boolean @signsIn }
      type Note implements Node & Subject @key(fields: "id") { id: ID! viewerCanEdit: Boolean ${field}: String! }
    `,
    resolvers: {
      Query: { notes: () => [{ id: 'note_1' }] },
      Mutation: { unlock: () => true },
      Note: { __resolveReference: (note: object) => note, [field]: () => `some ${field}` },
    },
  })

const broken = (sdl: string, name = 'broken'): GatewaySubgraph => ({
  name,
  sdl,
  execute: async () => ({ data: {} }),
})
const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])'

async function faultsOf(starting: Promise<unknown>): Promise<readonly string[]> {
  const error = await starting.then(
    () => null,
    (reason) => reason,
  )
  expect(error).toBeInstanceOf(CompositionError)
  return (error as CompositionError).faults.map(({ code }) => code)
}

describe('the expansion of Subject', () => {
  it('gives each subject what the services know of every subject', async () => {
    await using running = await startGateway({ subgraphs: all })
    const schema = buildSchema(running.gateway.apiSdl)
    const subject = schema.getType('Subject')
    const post = schema.getType('Post')
    if (!isInterfaceType(subject) || !isObjectType(post)) throw new Error('not what was expanded')
    expect(Object.keys(subject.getFields()).sort()).toEqual(['commentCount', 'comments', 'id', 'viewerCanEdit'])
    expect(Object.keys(post.getFields())).toEqual(expect.arrayContaining(['comments', 'commentCount']))
    const { json } = await running.ask(
      `{ comment(id: "a") { subject { __typename id viewerCanEdit commentCount ... on Post { title } } } nodes(ids: ["${postId(1)}"]) { ... on Subject { commentCount } } }`,
    )
    expect(json).toEqual({
      data: {
        comment: { subject: { __typename: 'Post', id: postId(1), viewerCanEdit: true, commentCount: 1, title: expect.any(String) } },
        nodes: [{ commentCount: 1 }],
      },
    })
  })

  it('takes in a type that comes later, from its first minute', async () => {
    await using running = await startGateway({ subgraphs: all })
    const { calls } = comments
    await running.gateway.update([...all, notes()])
    calls.length = 0
    await running.ask('{ notes { text commentCount } }')
    expect(calls[0]?.variables.representations).toEqual([{ __typename: 'Note', id: 'note_1' }])
  })
})

;(hasContract ? describe : describe.skip)('the whole contract (only where ../shared/contract lies beside the project)', () => {
  it('composes into what clients are promised', async () => {
    await using running = await startGateway({ subgraphs: contractSubgraphs() })
    const actual = buildSchema(running.gateway.apiSdl, { assumeValidSDL: true })
    expect(findBreakingChanges(buildSchema(promisedSdl(), { assumeValidSDL: true }), actual)).toEqual([])
  })
})

describe('services that do not compose', () => {
  it.each([
    ['no schema at all', [broken('type Query {')], ['INVALID_GRAPHQL']],
    ['a schema too deep to be read', [broken(`type Query { a: ${'['.repeat(100_000)} }`)], ['INVALID_GRAPHQL']],
    ['types that are not there', [broken(`${LINK} type Query { a: Nothing }`)], ['INVALID_GRAPHQL']],
    ['a field of two types', [broken(`${LINK} type Query { posts: Int }`)], expect.arrayContaining(['INVALID_FIELD_SHARING'])],
    ['two of a name', [users], ['NAME_TAKEN']],
    ["the registry's name", [broken(`${LINK} type Query { a: Int }`, 'registry')], ['NAME_TAKEN']],
    [
      'ids that two types would share',
      [broken(`${LINK} interface Node { id: ID! } type Post implements Node { id: ID! }`)],
      ['NODE_OWNED_TWICE'],
    ],
    ['a schema of megabytes', [broken(`${LINK} type Query { "${'x'.repeat(1_100_000)}" a: Int }`)], ['SCHEMA_TOO_LARGE']],
  ])('are refused: %s', async (_, more, codes) => {
    expect(await faultsOf(startGateway({ subgraphs: [...all, ...more] }))).toEqual(codes)
  })

  it('are refused after their time', async () => {
    expect(await faultsOf(startGateway({ subgraphs: all, limits: { compositionMs: 1 }, cacheDir: join(folder, 'none') }))).toEqual([
      'COMPOSITION_FAILED',
    ])
  })

  it('leave the graph running as it was', async () => {
    await using running = await startGateway({ subgraphs: all })
    const before = running.gateway.supergraphSdl
    expect(await faultsOf(running.gateway.update([...all, broken('type Query {')]))).toEqual(['INVALID_GRAPHQL'])
    expect(await faultsOf(running.gateway.update([users]).then(() => running.gateway.update([...all, users])))).toEqual(['NAME_TAKEN'])
    expect((await running.ask('{ users { totalCount } }')).json.data).toEqual({ users: { totalCount: 2 } })
    await running.gateway.update(all)
    expect(running.gateway.supergraphSdl).toBe(before)
    expect((await running.ask('{ posts { totalCount } }')).json.data).toEqual({ posts: { totalCount: 3 } })
  })
})

describe('another set of services', () => {
  it('is served from the moment that it is there, and what is gone is gone', async () => {
    await using running = await startGateway({ subgraphs: all })
    expect(codesOf(await running.ask('{ notes { text } }'))).toEqual(['GRAPHQL_VALIDATION_FAILED'])
    await running.gateway.update([...all, notes()])
    expect((await running.ask('{ notes { text } }')).json.data).toEqual({ notes: [{ text: 'some text' }] })
    expect((await running.ask('mutation { unlock }', {}, EXPIRED)).json.data).toEqual({ unlock: true })
    await running.gateway.update([...all, notes('words')])
    expect((await running.ask('{ notes { words } }')).json.data).toEqual({ notes: [{ words: 'some words' }] })
    expect(codesOf(await running.ask('{ notes { text } }'))).toEqual(['GRAPHQL_VALIDATION_FAILED'])
  })

  it('may be other instances of the same', async () => {
    await using running = await startGateway({ subgraphs: all })
    const others = town()
    await running.gateway.update(others.all)
    users.calls.length = 0
    expect((await running.ask('{ users { totalCount } }')).json.data).toEqual({ users: { totalCount: 2 } })
    expect([users.calls.length, others.users.calls.length]).toEqual([0, 1])
  })

  it('takes nothing away from who is being answered', async () => {
    await using running = await startGateway({ subgraphs: [...all, notes()] })
    const answers: string[] = []
    let updated = false
    const asking = Promise.all(
      Array.from({ length: 4 }, async (_, lane) => {
        for (let n = 0; !updated || n < 10; n += 1) {
          // Each text is new, so that each is planned.
          const { json } = await running.ask(
            `{ a${lane}_${n}: posts(first: 1) { nodes { title author { username } } } notes { __typename } }`,
          )
          answers.push(json.errors ? JSON.stringify(json.errors) : 'whole')
        }
      }),
    )
    for (const field of ['words', 'text', 'words', 'text', 'words']) await running.gateway.update([...all, notes(field)])
    updated = true
    await asking
    expect(new Set(answers)).toEqual(new Set(['whole']))
  })
})

describe('what was composed', () => {
  const cacheDir = (name: string) => join(folder, name)
  /** Too short for composing anything: a start succeeds only with what was kept. */
  const WARM = { subgraphs: all, limits: { compositionMs: 1 } }
  const fill = async (name: string) => {
    await using running = await startGateway({ subgraphs: all, cacheDir: cacheDir(name) })
    const [file, ...more] = await readdir(cacheDir(name))
    expect(more).toEqual([])
    return { path: join(cacheDir(name), file ?? ''), supergraphSdl: running.gateway.supergraphSdl }
  }

  it('is kept for the second start', async () => {
    const { supergraphSdl } = await fill('second')
    await using running = await startGateway({ ...WARM, cacheDir: cacheDir('second') })
    expect(running.gateway.supergraphSdl).toBe(supergraphSdl)
    expect((await running.ask('{ users { totalCount } }')).json.data).toEqual({ users: { totalCount: 2 } })
  })

  it('is kept for these very schemas alone', async () => {
    await fill('others')
    expect(await faultsOf(startGateway({ ...WARM, subgraphs: [...all, notes()], cacheDir: cacheDir('others') }))).toEqual([
      'COMPOSITION_FAILED',
    ])
  })

  it.each([
    ['half of it', (text: string) => text.slice(0, text.length / 2)],
    ['all but a letter', (text: string) => text.replace('type Post', 'type Pots')],
    ['nothing', () => ''],
    ['one line', (text: string) => text.split('\n')[0] ?? ''],
    ['garbage', () => '\u0000\ufffd'.repeat(1_000)],
  ])('is composed anew where the disk has %s of it', async (name, spoil) => {
    const { path, supergraphSdl } = await fill(name)
    const whole = await readFile(path, 'utf8')
    await writeFile(path, spoil(whole))
    await using running = await startGateway({ subgraphs: all, cacheDir: cacheDir(name) })
    expect(running.gateway.supergraphSdl).toBe(supergraphSdl)
    expect(await readFile(path, 'utf8')).toBe(whole)
  })

  it('is done without where there is no folder to be had', async () => {
    await writeFile(join(folder, 'file'), '')
    await using running = await startGateway({ subgraphs: all, cacheDir: join(folder, 'file', 'inside') })
    expect((await running.ask('{ posts { totalCount } }')).json.data).toEqual({ posts: { totalCount: 3 } })
    expect(running.lines).toHaveLength(1)
  })
})
