import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { buildSchema, type GraphQLSchema, parse, validate } from 'graphql'
import { readAnswer } from '../../src/data-sources/answer.js'
import { plainHttp } from '../../src/data-sources/plain-http.js'
import type { Source } from '../../src/data-sources/source.js'
import type { GatewayOptions } from '../../src/gateway.js'
import { defaultLimits } from '../../src/limits.js'
import { type Ask, type Shape, serviceOf, superSdlOf, wholeOf } from './federated.js'
import { randomOperation } from './random-operations.js'
import { type Response, type Result, type Running, startGateway } from './running-gateway.js'

export interface Called {
  readonly service: string
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

export interface Federation extends AsyncDisposable {
  readonly running: Running
  readonly schema: GraphQLSchema
  /** What the services have been asked since the last operation began. */
  readonly called: Called[]
  /** Answers for a service instead of itself. */
  instead: Record<string, (called: Called) => unknown>
  ask(query: string, variables?: Record<string, unknown>): Promise<Result & { response: Response }>
  /** What one service that has it all answers. */
  whole(query: string, variables?: Record<string, unknown>): Promise<Result>
}

const ANY_COST = Number.POSITIVE_INFINITY

/** A gateway in front of the services of a shape, every other one of which is behind HTTP. */
export async function federate(shape: Shape, options: Partial<GatewayOptions> = {}): Promise<Federation> {
  const supergraphSdl = superSdlOf(shape)
  const called: Called[] = []
  const servers: Server[] = []
  const closing: { close(): Promise<void> }[] = []
  const federation: { instead: Federation['instead'] } = { instead: {} }
  const sources: Record<string, Source> = {}
  for (const [at, name] of Object.keys(shape.services).entries()) {
    const answer = serviceOf(shape, name)
    const ask: Ask = async (request) => {
      const call = { service: name, query: request.query, variables: request.variables }
      called.push(call)
      return ((await federation.instead[name]?.(call)) ?? (await answer(request))) as Awaited<ReturnType<Ask>>
    }
    if (at % 2 === 0) {
      sources[name] = { ask: async (request) => readAnswer(await ask(request), { open: true }) }
      continue
    }
    const { server, url } = await serve(ask)
    servers.push(server)
    const source = plainHttp({ ...defaultLimits, url })
    closing.push(source)
    sources[name] = source
  }
  const running = await startGateway({
    subgraphs: { supergraphSdl, sourceOf: (name) => sources[name] as Source },
    passErrors: true,
    ...options,
    limits: { cost: ANY_COST, ...options.limits },
  })
  const schema = buildSchema(running.gateway.apiSdl)
  const whole = wholeOf(shape, schema)
  return Object.assign(federation, {
    running,
    schema,
    called,
    async ask(query: string, variables?: Record<string, unknown>) {
      called.length = 0
      const response = await running.ask(query, variables)
      return { ...response.json, response }
    },
    whole: async (query: string, variables: Record<string, unknown> = {}) =>
      JSON.parse(JSON.stringify(await whole(parse(query), variables))),
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]()
      await Promise.all(closing.map((source) => source.close()))
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
    },
  })
}

async function serve(ask: Ask): Promise<{ server: Server; url: URL }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const answer = await ask(JSON.parse(Buffer.concat(chunks).toString())).catch((error) => ({ errors: [{ message: error.message }] }))
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`) }
}

/** An operation, and its variables where it has any. */
export type Case = string | readonly [query: string, variables: Record<string, unknown>]

const ROUNDS = 25

/**
 * Has the shape answer these operations, and some that are made up, as one service with all the data would.
 * @param rounds how many are made up
 */
export function answersAsOne(shape: Shape, cases: readonly Case[], { rounds = ROUNDS, depth = 4 } = {}): () => Federation {
  let federation: Federation
  beforeAll(async () => {
    federation = await federate(shape)
  }, 60_000)
  afterAll(async () => {
    await federation?.[Symbol.asyncDispose]()
  })

  if (cases.length > 0)
    it.each(cases.map((each) => (typeof each === 'string' ? [each, {}] : each) as readonly [string, Record<string, unknown>]))(
      '%s',
      async (query, variables) => {
        expect(validate(federation.schema, parse(query))).toEqual([])
        const { data, errors = [] } = await federation.ask(query, variables)
        const expected = await federation.whole(query, variables)
        expect({ data, paths: errors.map(({ path }) => path) }).toEqual({
          data: expected.data,
          paths: (expected.errors ?? []).map(({ path }) => path),
        })
        expect(JSON.stringify(data)).toBe(JSON.stringify(expected.data))
      },
    )

  if (rounds > 0)
    it('whatever else is asked', async () => {
      let compared = 0
      for (let seed = 1; compared < rounds; seed += 1) {
        const { query, variables } = randomOperation(federation.schema, seed, depth)
        if (validate(federation.schema, parse(query)).length > 0) continue
        compared += 1
        const { data, errors } = await federation.ask(query, variables)
        const expected = await federation.whole(query, variables)
        expect({ seed, query, variables, errors, data }).toEqual({ seed, query, variables, errors: expected.errors, data: expected.data })
      }
    }, 60_000)

  return () => federation
}
