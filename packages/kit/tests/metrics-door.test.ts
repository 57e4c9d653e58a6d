import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { type FastifyInstance, fastify } from 'fastify'
import { silentLog } from '../src/log.js'
import { metricsDoor } from '../src/metrics/metrics-door.js'
import { processMetrics } from '../src/metrics/process-metrics.js'
import { readExposition } from '../src/testing/exposition.js'

const TOKEN = 'q3Zz0+/rT1kq9k7fS2xF1w=='

let server: FastifyInstance
afterEach(() => server.close())

async function open(metricsToken: string | null, dataDir = tmpdir()) {
  server = fastify()
  await server.register(metricsDoor(processMetrics({ dataDir, metricsToken }, silentLog()), metricsToken))
}
const get = (authorization?: string) =>
  server.inject({ url: '/metrics', headers: { ...(authorization !== undefined && { authorization }) } })

describe('/metrics', () => {
  it('tells whoever bears the token of the process, from any host and by any spelling of Bearer', async () => {
    await open(TOKEN)
    const answer = await get(`Bearer ${TOKEN}`)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(answer.headers['cache-control']).toBe('no-store')
    const { families, value } = readExposition(answer.body)
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(10_000_000)
    expect(families.has('nodejs_eventloop_lag_p99_seconds')).toBe(true)
    const [free = 0, size = 0] = [value('ashlar_disk_free_bytes'), value('ashlar_disk_size_bytes')]
    expect(free).toBeGreaterThan(0)
    expect(free).toBeLessThanOrEqual(size)
    expect((await get(`bearer  ${TOKEN}`)).statusCode).toBe(200)
  })

  it('tells nobody else anything', async () => {
    await open(TOKEN)
    const refused = [
      undefined,
      '',
      TOKEN,
      'Bearer',
      'Bearer ',
      `Basic ${TOKEN}`,
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN} x`,
      `Bearer ${TOKEN.slice(1)}`,
    ]
    for (const authorization of refused) {
      const answer = await get(authorization)
      expect(answer.statusCode).toBe(401)
      expect(answer.headers['www-authenticate']).toBe('Bearer')
      expect(answer.json()).toEqual({ errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }] })
    }
    expect((await server.inject({ url: `/metrics?access_token=${TOKEN}` })).statusCode).toBe(401)
  })

  it('is not there without a token', async () => {
    await open(null)
    for (const authorization of [undefined, 'Bearer ', 'Bearer null']) expect((await get(authorization)).statusCode).toBe(404)
  })

  it('leaves the disk out where there is no data folder', async () => {
    await open(TOKEN, join(tmpdir(), 'ashlar-nowhere'))
    const { families, value } = readExposition((await get(`Bearer ${TOKEN}`)).body)
    expect(families.has('ashlar_disk_free_bytes')).toBe(true)
    expect(value('ashlar_disk_free_bytes')).toBeUndefined()
  })
})
