import { createHash, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nobody } from '@ashlar/kit/caller'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { codesOf, type Running, startGateway } from './support/running-gateway.js'
import { town } from './support/town.js'

const { posts, all, reset } = town()
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')

const NOBODY = nobody()

const LISTED = 'query Listed {\n  # how many\n  posts { totalCount }\n}\n'
const NAMED = 'query Named($first: Int) { posts(first: $first) { nodes { id } } }'
const WRITING = 'mutation Writing { createPost(input: { title: "a" }) { title } }'
const STRANGE = '{ users { totalCount } }'

let folder: string
let only: Running
let open: Running
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trusted-'))
  await mkdir(join(folder, 'pages'))
  await writeFile(join(folder, 'pages', 'listed.graphql'), LISTED)
  const operations = [
    { id: 'named-1', name: 'Named', type: 'query', body: NAMED },
    { id: hashOf(WRITING), name: 'Writing', type: 'mutation', body: WRITING },
  ]
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations }))
  only = await startGateway({ subgraphs: all, trustedOperations: { path: folder, only: true } })
  open = await startGateway({ subgraphs: all, trustedOperations: { path: folder } })
})
afterAll(async () => {
  await only[Symbol.asyncDispose]()
  await open[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})
afterEach(reset)

const JSON_TYPE = { 'content-type': 'application/json' }
const persisted = (sha256Hash: string) => ({ persistedQuery: { version: 1, sha256Hash } })
const post = (running: Running, body: object) => running.send({ method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) })
const get = (running: Running, parameters: Record<string, string>) =>
  running.send({ path: `/graphql?${new URLSearchParams(parameters)}`, headers: { 'apollo-require-preflight': '1' } })
const calls = () => all.flatMap(({ calls }) => calls)

describe('where only listed operations run', () => {
  it.each([
    ['its text', { query: LISTED }],
    ['its text, laid out otherwise', { query: 'query Listed{posts{totalCount}}' }],
    ['the hash of its text', { extensions: persisted(hashOf(LISTED)) }],
    ['its text and any hash', { query: LISTED, extensions: persisted('something') }],
  ])('one of them runs by %s', async (_, body) => {
    expect((await post(only, body)).json).toEqual({ data: { posts: { totalCount: 3 } } })
  })

  it('one of them runs by the id that a manifest gives it, with its variables', async () => {
    const answer = await post(only, { extensions: persisted('named-1'), variables: { first: 2 } })
    expect(answer.json.data?.posts.nodes).toHaveLength(2)
  })

  it('one of them runs by GET, by its text and by its id, unless it writes', async () => {
    expect((await get(only, { query: LISTED })).json.data).toEqual({ posts: { totalCount: 3 } })
    const byId = { extensions: JSON.stringify(persisted('named-1')), variables: '{"first":1}' }
    expect((await get(only, byId)).json.data?.posts.nodes).toHaveLength(1)
    posts.calls.length = 0
    expect((await get(only, { extensions: JSON.stringify(persisted(hashOf(WRITING))) })).status).toBe(405)
    expect(posts.calls).toEqual([])
  })

  it.each([
    ['{ users { totalCount } }', 403, 'QUERY_NOT_IN_SAFELIST'],
    ['query Listed { posts { totalCount __typename } }', 403, 'QUERY_NOT_IN_SAFELIST'],
    ['{ __schema { queryType { name } } }', 403, 'QUERY_NOT_IN_SAFELIST'],
    ['{ __typename }', 403, 'QUERY_NOT_IN_SAFELIST'],
    ['{ never closed', 403, 'QUERY_NOT_IN_SAFELIST'],
    ['"', 403, 'QUERY_NOT_IN_SAFELIST'],
    ['', 403, 'QUERY_NOT_IN_SAFELIST'],
    [`${LISTED} query Other { users { totalCount } }`, 403, 'QUERY_NOT_IN_SAFELIST'],
    [`{ ${'posts { nodes '.repeat(50_000)}`, 403, 'QUERY_NOT_IN_SAFELIST'],
  ])('another is refused before anybody reads it', async (query, status, code) => {
    const answer = await post(only, { query })
    expect({ status: answer.status, codes: codesOf(answer) }).toEqual({ status, codes: [code] })
    const got = query.length < 1_000 ? await get(only, { query }) : answer
    expect({ status: got.status, codes: codesOf(got) }).toEqual({ status, codes: [code] })
    expect(calls()).toEqual([])
  })

  it('another holds nobody up, however much there is of it', async () => {
    const query = 'a '.repeat(1_900_000)
    const begun = performance.now()
    expect(codesOf(await post(only, { query }))).toEqual(['QUERY_NOT_IN_SAFELIST'])
    expect(performance.now() - begun).toBeLessThan(1_000)
  })

  it('another is refused by its hash, and is not kept under it', async () => {
    const unknown = await post(only, { extensions: persisted(hashOf(STRANGE)) })
    expect({ status: unknown.status, codes: codesOf(unknown) }).toEqual({ status: 404, codes: ['PERSISTED_QUERY_NOT_IN_LIST'] })
    expect(codesOf(await post(only, { query: STRANGE, extensions: persisted(hashOf(STRANGE)) }))).toEqual(['QUERY_NOT_IN_SAFELIST'])
    expect(codesOf(await post(only, { extensions: persisted(hashOf(STRANGE)) }))).toEqual(['PERSISTED_QUERY_NOT_IN_LIST'])
    expect(calls()).toEqual([])
  })

  it.each(['__proto__', 'constructor', 'toString'])('%s is no id', async (id) => {
    expect(codesOf(await post(only, { extensions: persisted(id) }))).toEqual(['PERSISTED_QUERY_NOT_IN_LIST'])
  })

  it.each([{}, { extensions: {} }, { query: null }, { query: 5 }, { query: [LISTED] }])('nothing is no operation: %j', async (body) => {
    const answer = await post(only, body)
    expect({ status: answer.status, codes: codesOf(answer) }).toEqual({ status: 400, codes: ['BAD_REQUEST'] })
  })

  it('two texts of one request are none', async () => {
    const both = `${new URLSearchParams({ query: LISTED })}&${new URLSearchParams({ query: STRANGE })}`
    const answer = await only.send({ path: `/graphql?${both}`, headers: { 'apollo-require-preflight': '1' } })
    expect({ status: answer.status, codes: codesOf(answer) }).toEqual({ status: 400, codes: ['BAD_REQUEST'] })
  })

  it('each of a list is held against it', async () => {
    const answer = await post(only, [{ query: LISTED }, { query: STRANGE }])
    expect(answer.json).toMatchObject([{ data: {} }, { errors: [{ extensions: { code: 'QUERY_NOT_IN_SAFELIST' } }] }])
    expect(calls()).toHaveLength(1)
  })

  it('what streams is held against it', async () => {
    const told: unknown[] = []
    const listener = { asking: () => NOBODY, refused: null }
    const sink = { next: () => undefined, complete: () => void told.push('complete'), comeBack: () => {} }
    const request = { operationName: null, variables: {}, extensions: {} }
    const refused = await only.gateway.streams.open({ ...request, query: STRANGE }, listener, sink)
    expect(refused).toMatchObject({ errors: [{ extensions: { code: 'QUERY_NOT_IN_SAFELIST' } }] })
    await only.gateway.streams.open({ ...request, query: null, extensions: persisted('named-1') }, listener, sink)
    await until(() => told.includes('complete'))
  })

  it('services still ask which ids are there', async () => {
    expect(await only.gateway.nodes(['post_01j0000000e0080000000000d1'], NOBODY)).toEqual([null])
  })
})

describe('where others run as well', () => {
  it('a listed one runs by its id, and another by its text', async () => {
    expect((await post(open, { extensions: persisted('named-1') })).json.data?.posts.nodes).toHaveLength(3)
    expect((await post(open, { query: STRANGE })).json.data).toEqual({ users: { totalCount: 2 } })
    expect((await post(open, { query: '{ __schema { queryType { name } } }' })).json.errors).toBeUndefined()
  })

  it('another is kept under its hash as ever', async () => {
    expect(codesOf(await post(open, { extensions: persisted(hashOf(STRANGE)) }))).toEqual(['PERSISTED_QUERY_NOT_FOUND'])
    expect((await post(open, { query: STRANGE, extensions: persisted(hashOf(STRANGE)) })).json.errors).toBeUndefined()
    await until(async () => codesOf(await post(open, { extensions: persisted(hashOf(STRANGE)) })).length === 0)
  })
})

describe('the list', () => {
  it('is read again when it changes, and the one before stays where it can not be', async () => {
    const query = `query New { posts { totalCount } users { totalCount } }`
    expect(codesOf(await post(only, { query }))).toEqual(['QUERY_NOT_IN_SAFELIST'])
    await writeFile(join(folder, 'new.gql'), query)
    await until(async () => codesOf(await post(only, { query })).length === 0)
    await writeFile(join(folder, 'broken.json'), '{"format": 5}')
    await until(() => only.lines.some(({ msg }) => String(msg).startsWith('the list of operations can not be read')))
    expect(codesOf(await post(only, { query }))).toEqual([])
    await rm(join(folder, 'broken.json'))
    await rm(join(folder, 'new.gql'))
    await until(async () => codesOf(await post(only, { query })).length === 1)
    expect(codesOf(await post(only, { query: LISTED }))).toEqual([])
  })

  it.each([
    ['that is not there', null],
    ['that is no manifest', '[]'],
    ['of another version', '{"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}'],
    ['in which an id stands for two texts', `{"${hashOf('{ a }')}": "{ b }", "x": "{ a }"}`],
    ['that is not JSON', '{'],
  ])('%s does not start', async (_, text) => {
    const path = join(folder, `${randomUUID()}.json`)
    if (text !== null) await writeFile(path, text)
    await expect(startGateway({ subgraphs: all, trustedOperations: { path } })).rejects.toThrow(path)
    await rm(path, { force: true })
  })

  it('may be a manifest of ids with their texts', async () => {
    const path = join(folder, 'ids.json')
    await writeFile(path, JSON.stringify({ a1: STRANGE }))
    await using running = await startGateway({ subgraphs: all, trustedOperations: { path, only: true } })
    expect((await post(running, { extensions: persisted('a1') })).json.data).toEqual({ users: { totalCount: 2 } })
    expect(codesOf(await post(running, { query: LISTED }))).toEqual(['QUERY_NOT_IN_SAFELIST'])
    await rm(path)
  })
})
