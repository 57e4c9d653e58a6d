import { silentLog } from '@ashlar/kit/log'
import { type Collector, startCollector } from '@ashlar/kit/testing/collector'
import { openTracing } from '@ashlar/kit/tracing/open-tracing'
import { readTracing } from '@ashlar/kit/tracing/settings'
import type { Tracing } from '@ashlar/kit/tracing/trace'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { GatewaySubgraph } from '../src/subgraph.js'
import { type Running, startGateway } from './support/running-gateway.js'
import { postId, postsSubgraph, usersSubgraph } from './support/town.js'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const SPAN_ID = 'b7ad6b7169203331'
const POST = `query Post($id: ID!) { node(id: $id) { ... on Post { title } } }`

let collector: Collector
let tracing: Tracing | null
let running: Running
beforeEach(async () => {
  collector = await startCollector()
})
afterEach(async () => {
  await running[Symbol.asyncDispose]()
  await tracing?.close()
  await collector[Symbol.asyncDispose]()
})

/** Services of this process, each of which tells of itself as the kit's do. */
const telling = (subgraph: GatewaySubgraph): GatewaySubgraph => ({
  ...subgraph,
  async execute(request, asking) {
    const span = asking.trace?.begin(subgraph.name, 'work')
    const answer = await subgraph.execute(request, asking)
    span?.end()
    return answer
  },
})

async function start(env: Record<string, string> = {}) {
  const faults: unknown[] = []
  const settings = readTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env }, faults as never)
  expect(faults).toEqual([])
  tracing = await openTracing(settings, { name: 'gateway-under-test', log: silentLog() })
  running = await startGateway({ subgraphs: [usersSubgraph(), postsSubgraph()].map(telling), tracing })
}

/** All that was recorded; a collector hears of it within seconds, and at once when a gateway stops. */
async function recorded() {
  await running[Symbol.asyncDispose]()
  await tracing?.close()
  return collector.spans
}

describe('the trace of an operation', () => {
  it('has its request, its plan, each fetch, and what the services say of it, each within what asked for it', async () => {
    await start()
    await running.ask(POST, { id: postId(1) })
    const spans = await recorded()
    const request = collector.span('query')
    expect(request).toMatchObject({
      kind: 2,
      process: 'gateway-under-test',
      attributes: { 'graphql.operation.name': 'Post', 'graphql.operation.type': 'query', 'http.response.status_code': 200 },
    })
    expect(request.attributes['ashlar.operation.hash']).toMatch(/^[0-9a-f]{16}$/)
    expect(request.parentSpanId).toBeFalsy()
    expect(collector.span('plan')).toMatchObject({ parentSpanId: request.spanId, attributes: { 'ashlar.plan.cached': false } })
    const registry = collector.span('fetch registry')
    expect(registry).toMatchObject({
      kind: 3,
      parentSpanId: request.spanId,
      attributes: { 'ashlar.subgraph': 'registry', 'ashlar.entities': 0 },
    })
    const fetches = spans.filter(({ name }) => name === 'fetch posts')
    expect(fetches.map(({ parentSpanId }) => parentSpanId)).toEqual(expect.arrayContaining([registry.spanId, request.spanId]))
    expect(fetches.find(({ parentSpanId }) => parentSpanId === request.spanId)?.attributes).toMatchObject({ 'ashlar.entities': 1 })
    for (const own of spans.filter(({ name }) => name === 'posts')) expect(fetches.map(({ spanId }) => spanId)).toContain(own.parentSpanId)
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
  })

  it('is that of the client who says which it is, and of nobody who says it wrongly', async () => {
    await start()
    await running.ask('{ posts { totalCount } }', {}, { traceparent: `00-${TRACE_ID}-${SPAN_ID}-01` })
    for (const traceparent of [
      `00-${'0'.repeat(32)}-${SPAN_ID}-01`,
      `ff-${TRACE_ID}-${SPAN_ID}-01`,
      `00-${TRACE_ID}-${SPAN_ID}-01-x`,
      'x'.repeat(5_000),
    ])
      await running.ask('{ posts { totalCount } }', {}, { traceparent })
    const requests = (await recorded()).filter(({ name }) => name === 'query')
    expect(requests).toHaveLength(5)
    expect(requests.filter(({ traceId }) => traceId === TRACE_ID)).toMatchObject([{ parentSpanId: SPAN_ID }])
  })

  it('is not recorded beyond the ratio, whatever the client asks for', async () => {
    await start({ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' })
    for (const flags of ['00', '01', 'ff'])
      await running.ask('{ posts { totalCount } }', {}, { traceparent: `00-${TRACE_ID}-${SPAN_ID}-${flags}` })
    expect(await recorded()).toEqual([])
  })

  it('is not recorded where the client says so and the sampler heeds it', async () => {
    await start()
    await running.ask('{ posts { totalCount } }', {}, { traceparent: `00-${TRACE_ID}-${SPAN_ID}-00` })
    expect(await recorded()).toEqual([])
  })

  it('tells by its code what failed, and never in words', async () => {
    await start()
    await running.ask('{ nothing }')
    await running.ask('{ posts { totalCount } }', {}, { authorization: 'Bearer expired' })
    const spans = await recorded()
    expect(spans.map(({ name, isError, attributes }) => [name, isError, attributes['error.type']])).toEqual([
      ['refused', true, 'GRAPHQL_VALIDATION_FAILED'],
      ['refused', true, 'UNAUTHENTICATED'],
    ])
    expect(collector.received()).not.toContain('nothing')
  })
})

describe('the variables of OpenTelemetry', () => {
  const read = (env: Record<string, string>) => {
    const faults: { variable: string; message: string }[] = []
    return { settings: readTracing(env, faults), faults: faults.map(({ variable }) => variable) }
  }
  beforeEach(() => start())

  it('say where spans go, and how many', () => {
    expect(
      read({
        OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example/base/',
        OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b,x=y',
        OTEL_SERVICE_NAME: 'mine',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
        OTEL_TRACES_SAMPLER: 'traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0.25',
      }).settings,
    ).toMatchObject({
      url: new URL('https://collector.example/base/v1/traces'),
      headers: { 'api-key': 'a b', x: 'y' },
      serviceName: 'mine',
      resource: { 'deployment.environment': 'test' },
      ratio: 0.25,
      parentBased: false,
      propagates: true,
    })
    const own = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b/otlp', OTEL_PROPAGATORS: 'none' }
    expect(read(own).settings).toMatchObject({ url: new URL('http://b/otlp'), propagates: false })
  })

  it.each([{}, { OTEL_SDK_DISABLED: 'true' }, { OTEL_TRACES_EXPORTER: 'none' }])('leave it off: %j', (env) => {
    const endpoint = Object.keys(env).length > 0 ? { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a' } : {}
    expect(read({ ...endpoint, ...env }).settings).toBeNull()
  })

  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'nowhere'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'secret'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', 'soon'],
    ['OTEL_RESOURCE_ATTRIBUTES', '%'],
    ['OTEL_TRACES_SAMPLER', 'often'],
  ])('are refused by name where they make no sense: %s', (variable, value) => {
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a', [variable]: value }).faults).toEqual([variable])
  })
})
