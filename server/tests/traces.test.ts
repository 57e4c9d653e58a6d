import { randomBytes } from 'node:crypto'
import { type CollectedSpan, type Collector, startCollector } from '@ashlar/kit/testing/collector'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { signUp, type TestHouse } from './app/test-app.js'
import { startTestHouse, ways } from './app/test-house.js'

const SCREEN = 'query Screen { hello { text } posts(first: 1) { totalCount } userByUsername(username: "nobody") { id } }'
/** Server, client, and what is within one process, in OTLP. */
const [INTERNAL, SERVER, CLIENT] = [1, 2, 3]

describe.each(ways)('traces of Ashlar in %s', (way) => {
  let collector: Collector
  let house: TestHouse
  beforeAll(async () => {
    collector = await startCollector()
    house = await startTestHouse({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } }, way)
  }, 60_000)
  afterAll(async () => {
    await house.close()
    await collector[Symbol.asyncDispose]()
  })

  /** All spans of a trace, once there are so many. */
  async function traced(traceId: string, count: number): Promise<readonly CollectedSpan[]> {
    const found = () => collector.spans.filter((span) => span.traceId === traceId)
    await until(() => found().length >= count, 30_000)
    return found()
  }

  it('go from the request through the gateway to each service, under the id that the client gave', async () => {
    const traceId = randomBytes(16).toString('hex')
    await house.ask(SCREEN, {}, { headers: { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` } })
    const spans = await traced(traceId, 8)
    const gateway = way === 'one process' ? 'ashlar' : 'ashlar-gateway'
    const request = spans.find(({ name }) => name.startsWith('query'))
    expect(request).toMatchObject({ kind: SERVER, process: gateway, attributes: { 'graphql.operation.name': 'Screen' } })
    for (const service of ['helloworld', 'posts', 'users']) {
      const fetch = spans.find(({ name }) => name === `fetch ${service}`)
      expect(fetch).toMatchObject({ kind: CLIENT, process: gateway, parentSpanId: request?.spanId })
      expect(spans.find(({ name }) => name === service)).toMatchObject({
        parentSpanId: fetch?.spanId,
        process: way === 'one process' ? gateway : `ashlar-${service}`,
        kind: way === 'one process' ? INTERNAL : SERVER,
      })
    }
  }, 60_000)

  it('hold no secret, and nothing that people wrote', async () => {
    const { accessToken } = await signUp(house.url, 'reticent')
    const traceId = randomBytes(16).toString('hex')
    const headers = { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` }
    await house.ask(
      'query Mine { viewer { id user { username } } users(search: "unspoken") { totalCount } }',
      {},
      { token: accessToken, headers },
    )
    await traced(traceId, 3)
    for (const word of [accessToken, 'reticent', 'example.com', 'a good password', 'unspoken'])
      expect([word, collector.received().includes(word)]).toEqual([word, false])
  }, 60_000)
})
