import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { silentLog } from '@ashlar/kit/log'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readSettings } from '../src/standalone/settings.js'
import { type Standalone, startStandalone } from '../src/standalone/start.js'

const SDL = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { product(upc: ID!): Product } type Product @key(fields: "upc") { upc: ID! name: String }`
const TOKEN = 'a-token-of-the-tests'
const QUERY = '{ product(upc: "1") { name upc } }'

let service: Server
let asked = 0
let gateway: Standalone
beforeAll(async () => {
  service = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const isSdl = Buffer.concat(chunks).toString().includes('_service')
      if (!isSdl) asked += 1
      const data = isSdl ? { _service: { sdl: SDL } } : { product: { upc: '1', name: `asked ${asked} times` } }
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=60' }).end(JSON.stringify({ data }))
    })
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  const address = `products=http://127.0.0.1:${(service.address() as AddressInfo).port}/graphql`
  const settings = readSettings(['--subgraph', address, '--port', '0', '--keep', '', '--cache', '1mb', '--share-in-flight'], {
    CACHE_TOKEN: TOKEN,
  })
  if (!settings) throw new Error('only the usage was asked for')
  gateway = await startStandalone(settings, silentLog())
})
afterAll(async () => {
  await gateway?.close()
  service.closeAllConnections()
  await new Promise((resolve) => service.close(resolve))
})

const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
  const response = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, json: (await response.json()) as unknown }
}
const named = (times: number) => ({ data: { product: { name: `asked ${times} times`, upc: '1' } } })

describe('a gateway by itself that keeps answers', () => {
  it('keeps them for as long as services say, until it is told what has changed', async () => {
    const first = await post('/graphql', { query: QUERY })
    expect(first).toMatchObject({ status: 200, json: named(1) })
    expect(first.headers.get('cache-control')).toBe('max-age=60, public')
    const again = await post('/graphql', { query: QUERY })
    expect(again.json).toEqual(named(1))
    expect(again.headers.get('age')).toBe('0')

    const entities = [{ __typename: 'Product', upc: '1' }]
    expect((await post('/invalidate', { entities }, { authorization: 'Bearer wrong' })).status).toBe(401)
    expect((await post('/graphql', { query: QUERY })).json).toEqual(named(1))
    expect(await post('/invalidate', { entities }, { authorization: `Bearer ${TOKEN}` })).toMatchObject({
      status: 200,
      json: { invalidated: 1 },
    })
    expect((await post('/graphql', { query: QUERY })).json).toEqual(named(2))
  })
})
