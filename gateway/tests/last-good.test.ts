import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeServices } from '@apollo/composition'
import { createLog, type Logger } from '@ashlar/kit/log'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { parse } from 'graphql'
import { readSettings } from '../src/standalone/settings.js'
import { type Standalone, startStandalone } from '../src/standalone/start.js'

const FEDERATION = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])'
const SDL = {
  one: `${FEDERATION} type Query { one: Int thing: Thing } type Thing @key(fields: "id") { id: ID! }`,
  two: `${FEDERATION} type Query { two: Int } type Thing @key(fields: "id") { id: ID! size: Int }`,
} as const
type Name = keyof typeof SDL
const NAMES = ['one', 'two'] as const

/** Services that say what their schemas are, and can be away. */
class Services {
  readonly sdl: Record<Name, string> = { ...SDL }
  private readonly servers = new Map<Name, Server>()
  private readonly ports = new Map<Name, number>()

  async start(name: Name): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { query } = JSON.parse(Buffer.concat(chunks).toString())
        const data = query.includes('_service') ? { _service: { sdl: this.sdl[name] } } : { [name]: 1 }
        response.writeHead(200, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify({ data }))
      })
    })
    await new Promise<void>((resolve) => server.listen(this.ports.get(name) ?? 0, '127.0.0.1', resolve))
    this.ports.set(name, (server.address() as AddressInfo).port)
    this.servers.set(name, server)
  }

  async stop(name: Name): Promise<void> {
    const server = this.servers.get(name)
    this.servers.delete(name)
    server?.closeAllConnections()
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)))
  }

  url(name: Name): string {
    return `http://127.0.0.1:${this.ports.get(name)}/graphql`
  }
}

let services: Services
let folder: string
let lines: Record<string, unknown>[]
let log: Logger
beforeAll(() => {
  log = createLog('info', { write: (line) => lines.push(JSON.parse(line)) })
})
beforeEach(async () => {
  lines = []
  folder = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
  services = new Services()
  for (const name of NAMES) await services.start(name)
})
afterEach(async () => {
  for (const name of NAMES) await services.stop(name)
  await rm(folder, { recursive: true, force: true })
})
afterAll(() => {
  lines = []
})

const keep = () => join(folder, 'kept')
async function start(...flags: string[]): Promise<Standalone> {
  const from = flags.length > 0 ? flags : NAMES.flatMap((name) => ['--subgraph', `${name}=${services.url(name)}`])
  const settings = readSettings([...from, '--keep', keep(), '--port', '0'])
  if (!settings) throw new Error('only the usage was asked for')
  return startStandalone(settings, log)
}
async function ask({ url }: Standalone, query: string) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  return (await response.json()) as { data?: unknown; errors?: { path?: unknown; extensions: { code: string } }[] }
}
const told = (words: string) => lines.filter(({ msg }) => String(msg).includes(words))

describe('a gateway that has run before', () => {
  beforeEach(async () => {
    await using _ = await start()
  })

  it.each([[['one']], [['two']], [['one', 'two']]] as const)('starts while %j are away, and has them back once they are', async (away) => {
    for (const name of away) await services.stop(name)
    const begun = performance.now()
    await using gateway = await start()
    process.stdout.write(`  started without ${away.join(' and ')} in ${Math.round(performance.now() - begun)} ms\n`)
    expect([...gateway.services()].sort()).toEqual([...NAMES])
    const { data, errors } = await ask(gateway, '{ one two }')
    expect(data).toEqual(Object.fromEntries(NAMES.map((name) => [name, (away as readonly string[]).includes(name) ? null : 1])))
    expect(errors?.map(({ path }) => path)).toEqual(away.map((name) => [name]))
    expect(told('services do not say')).toMatchObject([{ services: away.join(', ') }])
    for (const name of away) await services.start(name)
    await until(async () => (await ask(gateway, '{ one two }')).errors === undefined)
    await until(() => told('every service says').length === 1)
  })

  it('takes in what has changed of one service while another is away', async () => {
    services.sdl.one = SDL.one.replace('one: Int', 'one: Int more: Int')
    await services.stop('two')
    await using gateway = await start()
    expect(await ask(gateway, '{ more }')).toEqual({ data: { more: null } })
  })

  it('starts with the graph as it was where it no longer composes, and says so once', async () => {
    services.sdl.one = SDL.one.replace('one: Int', 'one: Nothing')
    await using gateway = await start()
    expect((await ask(gateway, '{ one two }')).data).toEqual({ one: 1, two: 1 })
    expect(told('the last good one is')).toHaveLength(1)
    expect(String(told('the last good one is')[0]?.reason)).toContain('Nothing')
  })

  it('is told by what is broken in its folder no more than by what is not there', async () => {
    for (const name of await readdir(keep())) await writeFile(join(keep(), name), 'type Query { evil: Int }')
    await using gateway = await start()
    expect((await ask(gateway, '{ one }')).data).toEqual({ one: 1 })
    await services.stop('one')
    for (const name of await readdir(keep())) await writeFile(join(keep(), name), 'type Query { evil: Int }')
    await expect(start()).rejects.toThrow(/one: /)
  })
})

describe('a gateway that has never run', () => {
  it('says who does not answer', async () => {
    await services.stop('two')
    const error = await start().then(
      () => null,
      (reason: Error) => reason,
    )
    expect(error?.message).toMatch(/^Not every service says what its schema is:\n {2}two: .+$/)
    expect(error?.message).not.toContain('one')
  })

  it('runs where nothing can be kept', async () => {
    await writeFile(keep(), 'a file where the folder should be')
    await using gateway = await start()
    expect((await ask(gateway, '{ one }')).data).toEqual({ one: 1 })
    expect(told('can not be kept')).toHaveLength(1)
  })
})

describe('services whose schemas no longer compose', () => {
  it('are answered by the graph as it was, and it is told once, however often they are asked', async () => {
    await using gateway = await start()
    services.sdl.one = SDL.one.replace('one: Int', 'one: Nothing')
    // With one away they are asked every second.
    await services.stop('two')
    await until(() => told('the one before is').length > 0, 15_000)
    await until(() => told('services do not say').length === 1)
    expect((await ask(gateway, '{ one }')).data).toEqual({ one: 1 })
    services.sdl.one = SDL.one.replace('one: Int', 'one: Int more: Int')
    await until(async () => (await ask(gateway, '{ more }')).errors === undefined, 15_000)
    expect(told('the one before is')).toHaveLength(1)
  }, 40_000)
})

describe('a supergraph in a file', () => {
  it('that is broken at a start is the one from before', async () => {
    const file = join(folder, 'supergraph.graphql')
    const composed = (sdls: Record<Name, string>): string => {
      const { supergraphSdl } = composeServices(NAMES.map((name) => ({ name, url: services.url(name), typeDefs: parse(sdls[name]) })))
      return supergraphSdl ?? ''
    }
    await writeFile(file, 'nonsense')
    await expect(start('--supergraph', file)).rejects.toThrow()
    await writeFile(file, composed(SDL))
    {
      await using _ = await start('--supergraph', file)
    }
    await writeFile(file, 'nonsense')
    await using gateway = await start('--supergraph', file)
    expect((await ask(gateway, '{ one two }')).data).toEqual({ one: 1, two: 1 })
    expect(told('the last good one is')).toHaveLength(1)
    await writeFile(file, composed({ ...SDL, two: SDL.two.replace('two: Int', 'two: Int three: Int') }))
    await until(async () => (await ask(gateway, '{ three }')).errors === undefined)
  })
})
