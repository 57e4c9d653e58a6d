import { composeServices } from '@apollo/composition'
import { silentLog } from '@ashlar/kit/log'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { parse } from 'graphql'
import { defaultLimits } from '../src/limits.js'
import { type Operation, Planner } from '../src/planning/planner.js'
import { noPolicies } from '../src/rules/operation-rules.js'
import { SupergraphGateway } from '../src/supergraph-gateway.js'
import { Telemetry } from '../src/telemetry/telemetry.js'
import { gate } from './support/gate.js'
import { codesOf, type Running, startGateway } from './support/running-gateway.js'
import { testSubgraph } from './support/subgraphs.js'

const service = (more: string) =>
  testSubgraph({
    name: 'numbers',
    sdl: `type Query { a: Int b: Int c: Int ${more} }`,
    resolvers: { Query: { a: () => 1, b: () => 2, c: () => 3 } },
  })

interface Planned {
  readonly query: string
  /** Whether it was planned before the graph that it was planned for came into force. */
  readonly ahead: boolean
}

const planned: Planned[] = []
let running: Running
let before: string
let plan: (this: Planner, operation: Operation) => ReturnType<Planner['plan']>

beforeAll(async () => {
  ;({ plan } = Planner.prototype)
  jest.spyOn(Planner.prototype, 'plan').mockImplementation(function (this: Planner, operation) {
    planned.push({ query: operation.query, ahead: running.gateway.apiSdl === before })
    return plan.call(this, operation)
  })
})
afterAll(() => {
  jest.restoreAllMocks()
})
beforeEach(async () => {
  running = await startGateway({ subgraphs: [service('gone: Int')], limits: { plansRenewed: 3 } })
  before = running.gateway.apiSdl
})
afterEach(async () => {
  await running[Symbol.asyncDispose]()
  planned.length = 0
})

async function askOften(times: Readonly<Record<string, number>>) {
  for (const [query, count] of Object.entries(times)) for (let at = 0; at < count; at += 1) await running.ask(query)
  planned.length = 0
}
const update = () => running.gateway.update([service('new: Int')])

describe('another version of the graph', () => {
  it('comes with the plans that were wanted most, so that nobody waits for them', async () => {
    await askOften({ '{ a }': 3, '{ b }': 1, '{ c }': 4, '{ a b }': 2 })
    let ended = false
    const stream = async () => {
      const statuses = new Set<number>()
      while (!ended) statuses.add((await running.ask('{ c }')).status)
      return statuses
    }
    const streams = [stream(), stream()]
    await update().finally(() => {
      ended = true
    })
    expect(await Promise.all(streams)).toEqual([new Set([200]), new Set([200])])
    for (const query of ['{ a }', '{ a b }', '{ c }']) await running.ask(query)
    expect(planned.filter(({ ahead }) => !ahead)).toEqual([])
    expect(planned.map(({ query }) => query)).toEqual(['{ c }', '{ a }', '{ a b }'])
    await running.ask('{ b }')
    expect(planned.at(-1)).toEqual({ query: '{ b }', ahead: false })
  })

  it('leaves out what it can no longer answer', async () => {
    await askOften({ '{ gone }': 5, '{ a }': 1 })
    await update()
    expect(planned).toEqual([{ query: '{ a }', ahead: true }])
    expect(codesOf(await running.ask('{ gone }'))).toEqual(['GRAPHQL_VALIDATION_FAILED'])
  })

  it('waits no longer for them than it may, and not at all once the gateway is closed', async () => {
    await askOften({ '{ a }': 1 })
    const { opened, open } = gate()
    const reached = gate()
    const real = plan
    plan = async function (operation) {
      reached.open()
      await opened
      return real.call(this, operation)
    }
    const updating = update()
    await reached.opened
    await Promise.all([updating, running.gateway.close()])
    plan = real
    open()
  })

  it('leaves nobody waiting for a service that it has no more, once the gateway gives up', async () => {
    const asked = gate()
    const hanging = {
      name: 'hanging',
      sdl: 'type Query { slow: Int }',
      source: {
        ask: () => {
          asked.open()
          return failing
        },
        abort: (reason: Error) => fail(reason),
      },
    }
    let fail = (_: Error) => {}
    const failing = new Promise<never>((_, reject) => {
      fail = reject
    })
    await running.gateway.update([service('gone: Int'), hanging])
    const answer = running.ask('{ slow }')
    await asked.opened
    await update()
    running.gateway.giveUp()
    expect(codesOf(await answer)).toEqual(['SUBGRAPH_UNAVAILABLE'])
  })

  it('that can not come into force leaves the one before, and no thread behind', async () => {
    const supergraphOf = (sdl: string) => {
      const { supergraphSdl = '' } = composeServices([{ name: 'numbers', url: 'http://numbers', typeDefs: parse(sdl) }])
      return supergraphSdl
    }
    const log = silentLog()
    const options = {
      sources: {},
      limits: defaultLimits,
      log,
      telemetry: new Telemetry({ log }),
      mayWrite: () => true,
      policies: noPolicies,
    }
    const gateway = new SupergraphGateway({ ...options, supergraphSdl: supergraphOf('type Query { a: Int }') })
    await gateway.load()
    const { current } = gateway
    gateway.onSchemaLoadOrUpdate(() => {
      throw new Error('not this one')
    })
    const close = jest.spyOn(Planner.prototype, 'close')
    await expect(gateway.switchTo(supergraphOf('type Query { b: Int }'), {})).rejects.toThrow('not this one')
    expect(close).toHaveBeenCalledTimes(1)
    expect(close.mock.contexts).not.toContain(current.planner)
    expect(gateway.current).toBe(current)
    close.mockRestore()
    await gateway.stop()
  })

  it('that can not be composed leaves the one before in force, with its plans', async () => {
    await askOften({ '{ a }': 1 })
    await expect(running.gateway.update([{ ...service(''), sdl: 'type Query { broken: Nothing }' }])).rejects.toThrow('Nothing')
    expect(running.gateway.apiSdl).toBe(before)
    expect((await running.ask('{ a }')).json).toEqual({ data: { a: 1 } })
    expect(planned).toEqual([])
  })
})
