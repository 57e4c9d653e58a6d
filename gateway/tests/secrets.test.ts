import { randomBytes } from 'node:crypto'
import { createLog, type Logger } from '@ashlar/kit/log'
import { Metrics } from '@ashlar/kit/metrics'
import { type Collector, startCollector } from '@ashlar/kit/testing/collector'
import { until } from '@ashlar/kit/testing/until'
import { openTracing } from '@ashlar/kit/tracing/open-tracing'
import { readTracing } from '@ashlar/kit/tracing/settings'
import type { Tracing } from '@ashlar/kit/tracing/trace'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { IDENTITY, type Running, startGateway } from './support/running-gateway.js'
import { postsSubgraph, usersSubgraph } from './support/town.js'

/** One for each place in which a client may put one. */
const SECRETS = Object.fromEntries(
  ['token', 'key', 'cookie', 'variable', 'literal', 'block', 'comment', 'payload', 'address', 'header', 'agent', 'error', 'broken'].map(
    (place) => [place, `${place}-${randomBytes(16).toString('hex')}`],
  ),
)
const secret = (place: string): string => SECRETS[place] ?? ''

const posts = postsSubgraph()
let told = ''
let log: Logger
let metrics: Metrics
let collector: Collector
let tracing: Tracing | null
let running: Running
beforeAll(async () => {
  log = createLog('trace', { write: (line) => (told += line) })
  metrics = new Metrics(log)
  collector = await startCollector()
  tracing = await openTracing(readTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, []), { name: 'gateway', log })
  running = await startGateway({
    subgraphs: [usersSubgraph(), posts],
    log,
    tracing,
    measures: metrics.of('gateway'),
    authenticate: async (authorization) => {
      if (authorization === undefined) return null
      if (authorization.includes(secret('broken'))) throw new Error('the keys can not be read')
      return IDENTITY
    },
  })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
  await tracing?.close()
  await collector[Symbol.asyncDispose]()
})

const json = { 'content-type': 'application/json' }
const post = (body: object, headers: Record<string, string> = {}) =>
  running.send({ method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) })

/** Whatever a client may do with what nobody else is to know. */
async function useThemAll(): Promise<void> {
  const bearing = { authorization: `Bearer ${secret('token')}`, cookie: `ashlar-4000=${secret('cookie')}`, 'user-agent': secret('agent') }
  const literals = `mutation Login {
    signIn(login: "${secret('literal')}") { token } # ${secret('comment')}
    other: signIn(login: """${secret('block')}""") { token }
  }`
  await post({ query: literals }, bearing)
  await post(
    { query: 'mutation Login($login: String!) { signIn(login: $login) { token } }', variables: { login: secret('variable') } },
    bearing,
  )
  // What is wrong quotes what was sent.
  await post({ query: `query { posts(first: "${secret('literal')}") { totalCount } }` }, bearing)
  await post({ query: `query { posts(first: 1) { ${'{'} "${secret('literal')}"` }, bearing)
  await post({ query: 'query ($first: Int!) { posts(first: $first) { totalCount } }', variables: { first: secret('variable') } }, bearing)
  await post({ query: '{ posts { totalCount } }', operationName: secret('variable'), extensions: { [secret('variable')]: 1 } }, bearing)
  await running.send({ method: 'POST', headers: { ...json, ...bearing }, body: `{"query": ${secret('literal')}` })
  await running.send({
    path: `/graphql?query=${encodeURIComponent('{ posts { totalCount } }')}&token=${secret('address')}`,
    headers: { ...bearing, 'apollo-require-preflight': '1' },
  })
  await running.send({ path: `/${secret('address')}`, headers: bearing })
  await post(
    { query: '{ posts { totalCount } }' },
    {
      'x-api-key': secret('key'),
      authorization: `Bearer ${secret('broken')}`,
      baggage: secret('header'),
      tracestate: secret('header'),
      'x-request-id': `${secret('header')} x`,
    },
  )
  // A service that says too much.
  posts.behave(async () => ({ data: null, errors: [{ message: secret('error'), extensions: { code: secret('error') } }] }))
  await post({ query: '{ posts { totalCount } }' }, bearing)
  posts.behave(undefined)
}

/** The same over a socket. */
async function useThemInSockets(): Promise<void> {
  const client = createClient({
    url: `ws://127.0.0.1:${running.port}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { accessToken: secret('payload'), password: secret('payload') },
    retryAttempts: 0,
  })
  const ask = (query: string, variables: Record<string, unknown> = {}) =>
    new Promise<void>((resolve) =>
      client.subscribe({ query, variables }, { next: () => {}, error: () => resolve(), complete: () => resolve() }),
    )
  await ask(`mutation { signIn(login: "${secret('literal')}") { token } }`)
  await ask('mutation ($login: String!) { signIn(login: $login) { token } }', { login: secret('variable') })
  await ask(`subscription { postEvents(of: "${secret('literal')}") { id } }`)
  await client.dispose()
}

describe('what nobody else is to know', () => {
  it('is in no line of the log, no span and no measurement, wherever a client puts it', async () => {
    await useThemAll()
    await useThemInSockets()
    const lines = () => told.split('\n').filter((line) => line.includes('"an operation"')).length
    await until(() => lines() >= 12)
    const measured = await metrics.text()
    await running[Symbol.asyncDispose]()
    await tracing?.close()
    expect(measured).toContain('operation="Login"')
    expect(collector.spans.length).toBeGreaterThan(12)
    for (const [place, word] of Object.entries(SECRETS)) {
      // What a service says that is no answer is for the log alone: who runs it has to find out what happened.
      const logged = place !== 'error' && told.includes(word)
      expect([place, logged, measured.includes(word), collector.received().includes(word)]).toEqual([place, false, false, false])
    }
  }, 60_000)
})
