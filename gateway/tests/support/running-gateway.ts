import { type OutgoingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Identity } from '@ashlar/kit/caller'
import { unauthenticated } from '@ashlar/kit/errors'
import { createLog } from '@ashlar/kit/log'
import Fastify, { type FastifyInstance } from 'fastify'
import type { FormattedExecutionResult } from 'graphql'
import { createGateway, type Gateway, type GatewayOptions } from '../../src/gateway.js'
import { uuidOf } from './town.js'

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever they have asked for
export type Result = FormattedExecutionResult<Record<string, any>, Record<string, any>>

export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly json: Result
}

export interface Running extends AsyncDisposable {
  readonly gateway: Gateway
  readonly fastify: FastifyInstance
  readonly port: number
  /** The lines of the log, as they were written. */
  readonly lines: Record<string, unknown>[]
  /** Those that tell of operations, which each has in the end. */
  readonly operations: Record<string, unknown>[]
  /** Any request at all, down to its `Host`. */
  send(options: { method?: string; path?: string; headers?: OutgoingHttpHeaders; body?: string | Buffer }): Promise<Response>
  /** An operation, posted as JSON. */
  ask(query: string, variables?: object, headers?: OutgoingHttpHeaders): Promise<Response>
}

/** What was composed once is not composed again, here as at any start. */
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/ashlar/gateway-tests', import.meta.url))

export const IDENTITY: Identity = {
  userId: uuidOf(1),
  role: 'USER',
  credential: 'session',
  credentialId: uuidOf(99),
  scopes: ['own', 'posts:moderate'],
  authenticatedAt: new Date(),
}
export const AS_USER = { authorization: 'Bearer good' }
export const EXPIRED = { authorization: 'Bearer expired' }

/** `Bearer good` is user 1; anything else is refused. */
async function authenticate(authorization: string | undefined): Promise<Identity | null> {
  if (authorization === undefined) return null
  if (authorization === AS_USER.authorization) return IDENTITY
  if (authorization === 'Bearer broken') throw new Error('the keys at 10.1.2.3 can not be read')
  throw unauthenticated({ message: 'This token is not valid, or no longer.' })
}

/** A gateway behind a real server on a free port of loopback. */
export async function startGateway(options: Partial<GatewayOptions> & Pick<GatewayOptions, 'subgraphs'>): Promise<Running> {
  const lines: Record<string, unknown>[] = []
  const operations: Record<string, unknown>[] = []
  const write = (text: string) => {
    const line = JSON.parse(text) as Record<string, unknown>
    const kept = line.msg === 'an operation' ? operations : lines
    kept.push(line)
  }
  const gateway = await createGateway({
    log: createLog('info', { write }),
    authenticate,
    publicUrl: new URL('http://localhost:4000'),
    host: '127.0.0.1',
    allowedOrigins: () => new Set(),
    cacheDir: CACHE,
    ...options,
  })
  const fastify = Fastify({ forceCloseConnections: true })
  await fastify.register(gateway.routes)
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const { port } = fastify.server.address() as AddressInfo
  const send: Running['send'] = (options) => sendTo(port, options)
  return {
    gateway,
    fastify,
    port,
    lines,
    operations,
    send,
    ask: (query, variables, headers) =>
      send({ method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ query, variables }) }),
    async [Symbol.asyncDispose]() {
      await fastify.close()
      await gateway.close()
    },
  }
}

const sendTo = (port: number, { method = 'GET', path = '/graphql', headers = {}, body }: Parameters<Running['send']>[0]) =>
  new Promise<Response>((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.once('error', reject)
      incoming.once('end', () => {
        const text = Buffer.concat(chunks).toString()
        const isJson = incoming.headers['content-type']?.includes('json')
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: isJson && text ? JSON.parse(text) : {} })
      })
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })

/** The codes of an answer's errors, in their order. */
export const codesOf = ({ json }: Response): unknown[] => (json.errors ?? []).map(({ extensions }) => extensions?.code)
