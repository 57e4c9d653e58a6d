import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { composeServices } from '@apollo/composition'
import { createLog, type Logger } from '@ashlar/kit/log'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { parse } from 'graphql'
import { defaultLimits } from '../src/limits.js'
import { keepLooking } from '../src/standalone/graph-changes.js'
import { graphSource } from '../src/standalone/graph-source.js'
import { readSettings } from '../src/standalone/settings.js'
import { type Standalone, startStandalone } from '../src/standalone/start.js'
import { worldSchemas } from './support/world.js'
import { serveWorld, type WorldServers } from './support/world-servers.js'

const built = fileURLToPath(new URL('../dist/standalone/main.js', import.meta.url))
const SCREEN = '{ users(first: 2) { name karma reviews { stars author { nickname } } } }'

let world: WorldServers
let folder: string
let file: string
let lines: Record<string, unknown>[]
let log: Logger
beforeAll(async () => {
  world = await serveWorld()
  folder = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
  file = join(folder, 'supergraph.graphql')
})
beforeEach(async () => {
  world.heard.length = 0
  lines = []
  log = createLog('info', { write: (line) => lines.push(JSON.parse(line)) })
  await writeFile(file, supergraph())
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

function supergraph(change: (sdl: string) => string = (sdl) => sdl): string {
  const services = worldSchemas().map(({ name, sdl }) => ({ name, url: world.urls[name] ?? '', typeDefs: parse(change(sdl)) }))
  const { supergraphSdl, errors } = composeServices(services)
  if (!supergraphSdl) throw new Error(errors?.join('\n'))
  return supergraphSdl
}

/** As an editor or a deployment writes: whole or not at all. */
async function replace(text: string): Promise<void> {
  await writeFile(`${file}.next`, text)
  await rename(`${file}.next`, file)
}

async function start(...args: string[]): Promise<Standalone> {
  const settings = readSettings(['--keep', '', ...args, '--port', String(await freePort())])
  if (!settings) throw new Error('only the usage was asked for')
  return startStandalone(settings, log)
}

async function ask(url: string, query: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  })
  return { status: response.status, headers: response.headers, ...((await response.json()) as { data?: unknown; errors?: unknown[] }) }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

describe('a gateway by itself', () => {
  it('serves a supergraph whose services are anybody’s', async () => {
    await using gateway = await start('--supergraph', file)
    const { data, errors } = await ask(gateway.url, SCREEN)
    expect(errors).toBeUndefined()
    expect(data).toMatchObject({ users: [{ name: expect.any(String), karma: expect.any(Number) }, {}] })
    expect([...gateway.services()].sort()).toEqual(Object.keys(world.urls).sort())
    expect(await (await fetch(`${gateway.url}/readyz`)).json()).toEqual({ status: 'ready' })
  })

  it('takes up a changed file, and goes on with the one before where that can not be served', async () => {
    await using gateway = await start('--supergraph', file)
    const renamed = '{ me { handle: name moniker: nickname } }'
    const before = await ask(gateway.url, renamed)
    expect(before.data).toMatchObject({ me: { handle: expect.any(String) } })
    await replace('this is no supergraph')
    await until(() => lines.some(({ msg }) => String(msg).includes('can not be served')))
    expect((await ask(gateway.url, renamed)).data).toEqual(before.data)
    await replace(supergraph((sdl) => sdl.replace('karma: Float', 'karma: Float standing: Int')))
    await until(async () => (await ask(gateway.url, '{ users(first: 1) { standing } }')).status === 200)
    expect((await ask(gateway.url, '{ users(first: 1) { standing } }')).data).toEqual({ users: [{ standing: null }] })
  })

  it('looks at a file again when it begins to watch it, which may have changed while it started', async () => {
    const from = { file }
    const sourceOf = () => {
      throw new Error('no service is asked')
    }
    const graph = graphSource({ from, keep: null, sourceOf, limits: defaultLimits, log })
    let looked = ''
    const end = keepLooking(from, graph, async () => {
      looked = await graph.read()
    })
    await until(() => looked !== '')
    end()
    expect(looked).toBe(supergraph())
  })

  it('composes the graph from what its services say their schemas are', async () => {
    const flags = Object.entries(world.urls).flatMap(([name, url]) => ['--subgraph', `${name}=${url}`])
    await using gateway = await start(...flags)
    expect((await ask(gateway.url, SCREEN)).errors).toBeUndefined()
  })

  it('says which service does not say what its schema is', async () => {
    const nobody = `gone=http://127.0.0.1:${await freePort()}/graphql`
    await expect(start('--subgraph', `accounts=${world.urls.accounts}`, '--subgraph', nobody)).rejects.toThrow(/gone: /)
  })

  it('passes on the headers that it is told to, and no others', async () => {
    await using gateway = await start('--supergraph', file, '--forward-header', 'Authorization', '--forward-header', 'x-tenant')
    await ask(gateway.url, '{ me { name } }', { authorization: 'Bearer of mine', 'x-tenant': 'a', 'x-other': 'b', cookie: 'c=d' })
    expect(world.heard[0]).toMatchObject({ authorization: 'Bearer of mine', 'x-tenant': 'a' })
    expect(world.heard[0]).not.toHaveProperty('x-other')
    expect(world.heard[0]).not.toHaveProperty('cookie')
  })

  it('holds to the limits that it is given', async () => {
    await using gateway = await start('--supergraph', file, '--limit', 'rootFields=1')
    expect(await ask(gateway.url, '{ me { name } items { id } }')).toMatchObject({
      errors: [{ extensions: { code: 'TOO_COMPLEX', limit: 1 } }],
    })
  })

  it('answers pages of origins that may call', async () => {
    await using gateway = await start('--supergraph', file, '--allow-origin', 'https://example.com')
    const { headers } = await ask(gateway.url, '{ __typename }', { origin: 'https://example.com' })
    expect(headers.get('access-control-allow-origin')).toBe('https://example.com')
  })

  it('runs as a process, says where it is, and ends in order', async () => {
    const child = spawn(process.execPath, [built, '--supergraph', file], {
      env: { PATH: process.env.PATH ?? '', PORT: String(await freePort()) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const said = createInterface(child.stdout)
    const [line] = (await once(said, 'line')) as [string]
    const [, url = ''] = line.match(/ready on (\S+)\/graphql/) ?? []
    expect((await ask(url, SCREEN)).errors).toBeUndefined()
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  }, 60_000)
})

describe('what stands behind npm run gateway', () => {
  it.each([
    [[], 'Either'],
    [['--supergraph', 'a', '--subgraph', 'b=http://c'], 'Either'],
    [['--supergraph', 'a', '--port', 'x'], '--port'],
    [['--supergraph', 'a', '--host', '0.0.0.0'], '--public-url'],
    [['--subgraph', 'nameless'], '--subgraph'],
    [['--subgraph', 'a=ftp://b'], '--subgraph'],
    [['--subgraph', 'a=http://b', '--subgraph', 'a=http://c'], '--subgraph'],
    [['--supergraph', 'a', '--allow-origin', 'https://b/c'], '--allow-origin'],
    [['--supergraph', 'a', '--forward-header', 'host'], '--forward-header'],
    [['--supergraph', 'a', '--limit', 'nothing=5'], '--limit'],
    [['--supergraph', 'a', '--limit', 'tokens=none'], '--limit'],
    [['--supergraph', 'a', '--log-level', 'loud'], '--log-level'],
    [['--supergraph', 'a', '--cache', 'much'], '--cache'],
    [['--supergraph', 'a', '--cache', '0'], '--cache'],
    [['--supergraph', 'a', '--cache', '1mb', '--cache-token', 'short'], '--cache-token'],
    [['--supergraph', 'a', '--cache-token', 'a-token-that-is-long'], '--cache-token'],
    [['--supergraph', 'a', '--jwks', 'nowhere'], '--jwks'],
    [['--supergraph', 'a', '--issuer', 'b'], '--jwks'],
    [['--supergraph', 'a', '--jwks', 'https://b/c', '--algorithm', 'none'], '--algorithm'],
    [['--supergraph', 'a', '--jwks', 'https://b/c', '--algorithm', 'HS256'], '--algorithm'],
    [['--unknown'], '--unknown'],
  ])('is refused in words where it makes no sense: %j', (args, named) => {
    expect(() => readSettings(args)).toThrow(named)
  })

  it('has the environment say what no flag does', () => {
    const env = { PORT: '4200', HOST: '0.0.0.0', PUBLIC_URL: 'https://graph.example.com' }
    expect(readSettings(['--supergraph', 'a'], env)).toMatchObject({ port: 4200, host: '0.0.0.0', publicUrl: new URL(env.PUBLIC_URL) })
    expect(readSettings(['--supergraph', 'a', '--port', '4300'], env)).toMatchObject({ port: 4300 })
    expect(readSettings(['--help'], env)).toBeNull()
  })
})
