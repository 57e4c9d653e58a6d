import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { composeServices } from '@apollo/composition'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { parse } from 'graphql'

const built = fileURLToPath(new URL('../dist/standalone/main.js', import.meta.url))

/** A service that answers when it is let. */
interface Holding extends AsyncDisposable {
  readonly url: string
  readonly asked: Promise<void>
  release(): void
}

async function holding(): Promise<Holding> {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let ask = () => {}
  const asked = new Promise<void>((resolve) => {
    ask = resolve
  })
  const server = createServer(async (incoming, response) => {
    incoming.resume()
    ask()
    await released
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"slow":"but here"}}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    release,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function freePort(): Promise<number> {
  const server = createSocketServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

interface Started {
  readonly child: ChildProcess
  readonly url: string
  /** What it has logged. */
  readonly lines: Record<string, unknown>[]
}

let folder: string
let service: Holding
const started: Started[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
})
beforeEach(async () => {
  service = await holding()
})
afterEach(async () => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL')
  await service[Symbol.asyncDispose]()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function start(...args: string[]): Promise<Started> {
  const file = join(folder, 'supergraph.graphql')
  const typeDefs = parse('type Query { slow: String }')
  const { supergraphSdl = '' } = composeServices([{ name: 'slow', url: service.url, typeDefs }])
  await writeFile(file, supergraphSdl)
  const child = spawn(process.execPath, [built, '--supergraph', file, ...args], {
    env: { PATH: process.env.PATH ?? '', PORT: String(await freePort()) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: Record<string, unknown>[] = []
  createInterface(child.stderr).on('line', (line) => lines.push(JSON.parse(line)))
  const [said] = (await once(createInterface(child.stdout), 'line')) as [string]
  const found = { child, url: said.match(/ready on (\S+)\/graphql/)?.[1] ?? '', lines }
  started.push(found)
  return found
}

interface Asked {
  readonly status: number
  readonly connection: string | undefined
  readonly json: unknown
}

const ask = (url: string, path = '/graphql?query={slow}'): Promise<Asked> =>
  new Promise((resolve, reject) => {
    request(`${url}${path}`, { headers: { 'apollo-require-preflight': '1', connection: 'keep-alive' } }, (incoming) => {
      let body = ''
      incoming.setEncoding('utf8').on('data', (text: string) => (body += text))
      incoming.once('end', () =>
        resolve({ status: incoming.statusCode ?? 0, connection: incoming.headers.connection, json: JSON.parse(body) }),
      )
    })
      .once('error', reject)
      .end()
  })

const faults = ({ lines }: Started) => lines.filter(({ level }) => Number(level) >= 50)

describe.each(['SIGTERM', 'SIGINT'] as const)('a gateway that gets %s', (signal) => {
  it('answers what it was asked, takes nothing new, and ends with 0', async () => {
    const gateway = await start()
    const answer = ask(gateway.url)
    await service.asked
    const ended = once(gateway.child, 'exit')
    gateway.child.kill(signal)
    // As soon as it does not listen any more.
    for (;;)
      if (
        await ask(gateway.url, '/readyz').then(
          ({ status }) => status === 503,
          () => true,
        )
      )
        break
    service.release()
    expect(await answer).toEqual({ status: 200, connection: 'close', json: { data: { slow: 'but here' } } })
    expect(await ended).toEqual([0, null])
    expect(faults(gateway)).toEqual([])
  }, 60_000)
})

describe('a gateway that is told to stop', () => {
  it('answers without a service that hangs, and is gone within 10 s', async () => {
    const gateway = await start()
    const answer = ask(gateway.url)
    await service.asked
    const begun = performance.now()
    const ended = once(gateway.child, 'exit')
    gateway.child.kill('SIGTERM')
    expect(await answer).toMatchObject({
      status: 200,
      json: { data: { slow: null }, errors: [{ path: ['slow'], extensions: { code: 'SUBGRAPH_UNAVAILABLE' } }] },
    })
    expect(await ended).toEqual([0, null])
    expect(performance.now() - begun).toBeLessThan(10_000)
    expect(faults(gateway)).toEqual([])
  }, 60_000)

  it('is gone within 10 s although a client never sends the rest of its request', async () => {
    const gateway = await start()
    const outgoing = request(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 100 },
    })
    outgoing.on('error', () => {}).write('{"query":')
    await ask(gateway.url, '/livez')
    const begun = performance.now()
    gateway.child.kill('SIGTERM')
    expect(await once(gateway.child, 'exit')).toEqual([0, null])
    expect(performance.now() - begun).toBeLessThan(10_000)
    outgoing.destroy()
  }, 60_000)

  it('goes on for as long as it is told to, but is no longer ready and keeps no connection', async () => {
    const gateway = await start('--drain', '2')
    service.release()
    const begun = performance.now()
    const ended = once(gateway.child, 'exit')
    gateway.child.kill('SIGTERM')
    for (;;) if ((await ask(gateway.url, '/readyz')).status === 503) break
    expect(await ask(gateway.url, '/livez')).toMatchObject({ status: 200, connection: 'close' })
    expect(await ask(gateway.url)).toEqual({ status: 200, connection: 'close', json: { data: { slow: 'but here' } } })
    expect(await ended).toEqual([0, null])
    expect(performance.now() - begun).toBeGreaterThan(1_900)
    expect(faults(gateway)).toEqual([])
  }, 60_000)
})
