import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeServices } from '@apollo/composition'
import { nobody } from '@ashlar/kit/caller'
import { silentLog } from '@ashlar/kit/log'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parse } from 'graphql'
import { readSettings } from '../src/standalone/settings.js'
import { type Standalone, startStandalone } from '../src/standalone/start.js'
import type { TestSubgraph } from './support/subgraphs.js'
import { AUDIENCE, startIssuer, type TokenIssuer } from './support/token-issuer.js'
import { vault } from './support/vault.js'

const LISTED = 'query Listed { open scoped person { name private salary } }'
const OTHER = '{ open }'

const { all, reset } = vault()
let issuer: TokenIssuer
const servers: Server[] = []
let folder: string
let supergraph: string
let gateway: Standalone
beforeAll(async () => {
  issuer = await startIssuer()
  folder = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
  supergraph = join(folder, 'supergraph.graphql')
  const services = await Promise.all(
    all.map(async (subgraph) => ({ name: subgraph.name, url: await serve(subgraph), typeDefs: parse(subgraph.sdl) })),
  )
  const { supergraphSdl, errors } = composeServices(services)
  if (!supergraphSdl) throw new Error(errors?.join('\n'))
  await writeFile(supergraph, supergraphSdl)
  await writeFile(join(folder, 'operations.json'), JSON.stringify({ listed: LISTED }))
  gateway = await start('--jwks', issuer.jwks, '--issuer', issuer.issuer, '--audience', AUDIENCE, '--limit', 'aliases=3')
})
afterAll(async () => {
  await gateway?.close()
  for (const server of servers) server.close()
  await issuer[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function start(...flags: string[]): Promise<Standalone> {
  const settings = readSettings(['--supergraph', supergraph, '--port', String(await freePort()), ...flags])
  if (!settings) throw new Error('only the usage was asked for')
  return startStandalone(settings, silentLog())
}

async function ask({ url }: Standalone, body: object, token?: string) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  })
  const { data, errors } = (await response.json()) as { data?: unknown; errors?: { path?: string[]; extensions: { code: string } }[] }
  return { status: response.status, data, told: errors?.map(({ path, extensions }) => [path?.join('.'), extensions.code]) }
}

describe('a gateway by itself', () => {
  it('gives each caller what the scopes of their token open', async () => {
    reset()
    expect(await ask(gateway, { query: LISTED })).toMatchObject({
      data: { open: 'open', scoped: null, person: { name: 'Ada', private: null, salary: null } },
      told: [
        ['scoped', 'UNAUTHENTICATED'],
        ['person.private', 'UNAUTHENTICATED'],
        ['person.salary', 'UNAUTHENTICATED'],
      ],
    })
    expect(all[1]?.calls).toEqual([])
    expect(await ask(gateway, { query: LISTED }, await issuer.signed({ scope: 'a' }))).toMatchObject({
      data: { person: { name: 'Ada', private: 'diary', salary: null } },
      told: [
        ['scoped', 'FORBIDDEN'],
        ['person.salary', 'FORBIDDEN'],
      ],
    })
    expect(await ask(gateway, { query: LISTED }, await issuer.signed({ scope: 'c' }))).toEqual({
      status: 200,
      data: { open: 'open', scoped: 'scoped', person: { name: 'Ada', private: 'diary', salary: 9 } },
      told: undefined,
    })
  })

  it('has the bounds that it is told', async () => {
    expect(await ask(gateway, { query: '{ a: open b: open c: open d: open }' })).toMatchObject({
      status: 400,
      told: [[undefined, 'TOO_COMPLEX']],
    })
    expect(await ask(gateway, { query: '{ a: open b: open c: open }' })).toMatchObject({ status: 200 })
  })

  it('runs nothing but what it trusts, where it is told so', async () => {
    await using trusting = await start('--trusted-operations', join(folder, 'operations.json'), '--trusted-only')
    expect(await ask(trusting, { extensions: { persistedQuery: { version: 1, sha256Hash: 'listed' } } })).toMatchObject({ status: 200 })
    expect(await ask(trusting, { query: OTHER })).toMatchObject({ status: 403, told: [[undefined, 'QUERY_NOT_IN_SAFELIST']] })
  })

  it('needs a list to run nothing else', () => {
    expect(() => readSettings(['--supergraph', supergraph, '--trusted-only'])).toThrow('--trusted-operations')
  })
})

/** A service as any: it knows nothing of who asks. */
async function serve({ execute }: TestSubgraph): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const answer = await execute(JSON.parse(Buffer.concat(chunks).toString()), nobody())
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
