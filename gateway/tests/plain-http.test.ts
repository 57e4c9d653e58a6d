import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { askingAsNobody } from '@ashlar/kit/testing/callers'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { plainHttp } from '../src/data-sources/plain-http.js'

const LIMIT_MS = 300
const BYTES_MAX = 100_000
const JSON_TYPE = { 'content-type': 'application/json' }
const ANSWER = { data: { hello: 'Grüß dich' } }

let server: Server
let source: ReturnType<typeof plainHttp>
let answer: (response: ServerResponse, at: number) => unknown
let bodies: unknown[]

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      bodies.push(JSON.parse(Buffer.concat(chunks).toString()))
      answer(response, bodies.length)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
beforeEach(() => {
  bodies = []
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`)
  source = plainHttp({ url, fetchMs: LIMIT_MS, answerBytes: BYTES_MAX })
})

const ask = (writing = false) =>
  source.ask({ query: 'query Q { hello }', operationName: 'Q', variables: { a: 1 }, writing }, askingAsNobody())
const send = (response: ServerResponse, headers: Record<string, string>, bytes: string | Buffer) =>
  response.writeHead(200, headers).end(bytes)

describe('a service over plain HTTP', () => {
  it('is asked in JSON and answers in JSON, packed or not', async () => {
    const text = JSON.stringify(ANSWER)
    const ways: ((response: ServerResponse) => unknown)[] = [
      (response) => send(response, JSON_TYPE, text),
      (response) => send(response, { 'content-type': 'application/graphql-response+json; charset=utf-8' }, text),
      (response) => send(response, { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync(text)),
      (response) => send(response, { ...JSON_TYPE, 'content-encoding': 'br' }, brotliCompressSync(text)),
      (response) => {
        response.writeHead(200, JSON_TYPE)
        for (const byte of Buffer.from(text)) response.write(Buffer.from([byte]))
        response.end()
      },
    ]
    for (const way of ways) {
      answer = way
      expect(await ask()).toMatchObject({ ...ANSWER, errors: [] })
    }
    expect(bodies[0]).toEqual({ query: 'query Q { hello }', operationName: 'Q', variables: { a: 1 } })
  })

  it('says what it has to say with any status', async () => {
    answer = (response) =>
      response
        .writeHead(401, { 'content-type': 'application/graphql-response+json' })
        .end(JSON.stringify({ errors: [{ message: 'no', extensions: { code: 'UNAUTHENTICATED' } }] }))
    expect((await ask()).errors).toEqual([{ message: 'no', extensions: { code: 'UNAUTHENTICATED' } }])
  })

  const failures: [string, (response: ServerResponse) => unknown][] = [
    ['answers HTML', (response) => send(response, { 'content-type': 'text/html' }, '<html>')],
    ['answers of no type', (response) => send(response, {}, '{}')],
    ['answers what is no JSON', (response) => send(response, JSON_TYPE, '{')],
    ['answers too much', (response) => send(response, JSON_TYPE, JSON.stringify({ data: { hello: 'x'.repeat(BYTES_MAX) } }))],
    [
      'answers too much once it is unpacked',
      (response) =>
        send(response, { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync(JSON.stringify({ data: { hello: 'x'.repeat(10_000_000) } }))),
    ],
    ['answers in an encoding of its own', (response) => send(response, { ...JSON_TYPE, 'content-encoding': 'zip' }, '{}')],
    ['breaks off', (response) => response.writeHead(200, { ...JSON_TYPE, 'content-length': '100' }).write('{', () => response.destroy())],
    ['hangs', () => {}],
    [
      'answers a byte at a time for ever',
      async (response) => {
        response.writeHead(200, JSON_TYPE)
        while (!response.destroyed) {
          response.write(' ')
          await delay(20)
        }
      },
    ],
  ]
  it.each(failures)('fails in time where one %s', async (_, behaviour) => {
    answer = behaviour
    const begun = performance.now()
    await expect(ask()).rejects.toThrow()
    expect(performance.now() - begun).toBeLessThan(20 * LIMIT_MS)
    // And is as good as ever afterwards.
    answer = (response) => send(response, JSON_TYPE, JSON.stringify(ANSWER))
    expect(await ask()).toMatchObject(ANSWER)
  })

  it('is asked once more for what only reads, where the connection is closed under it', async () => {
    answer = (response, at) => (at === 1 ? response.destroy() : send(response, JSON_TYPE, JSON.stringify(ANSWER)))
    expect(await ask()).toMatchObject(ANSWER)
    expect(bodies).toHaveLength(2)
    bodies = []
    await expect(ask(true)).rejects.toThrow()
    expect(bodies).toHaveLength(1)
  })

  it('takes many at once over connections that it keeps', async () => {
    let connections = 0
    const count = () => {
      connections += 1
    }
    server.on('connection', count)
    answer = (response) => send(response, JSON_TYPE, JSON.stringify(ANSWER))
    for (let round = 0; round < 5; round += 1) await Promise.all(Array.from({ length: 40 }, () => ask()))
    server.off('connection', count)
    expect(bodies).toHaveLength(200)
    expect(connections).toBeLessThanOrEqual(80)
  })
})
