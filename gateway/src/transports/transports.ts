import { HeartBeat } from '@ashlar/kit/sockets/heart-beat'
import type { Standings } from '@ashlar/kit/standing'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type AskingOptions, comingFrom, shownBy } from '../http/asking.js'
import type { Origins } from '../http/origins.js'
import type { Limits } from '../limits.js'
import type { Streams } from '../streams/stream.js'
import { Backlog } from './backlog.js'
import type { Credential } from './credential.js'
import { CredentialWatch } from './credential-watch.js'
import { EventStreams } from './event-streams.js'
import type { HttpOperation } from './http-operation.js'
import { HttpStreams } from './http-streams.js'
import { Places } from './places.js'
import { refuseFull, refuseOrigin, refuseRequest } from './refusals.js'
import { Sockets } from './sockets.js'
import { Upgrades } from './upgrades.js'

export interface TransportsOptions {
  readonly streams: Streams
  readonly limits: Limits
  readonly asking: AskingOptions
  readonly standings?: Standings | undefined
  /** Whether it is known well enough what has ended. */
  readonly isCurrent: () => boolean
  readonly origins: Origins
}

/** What all transports share. */
export interface TransportParts {
  readonly streams: Streams
  readonly limits: Limits
  readonly asking: AskingOptions
  readonly log: AskingOptions['log']
  readonly watch: CredentialWatch
  readonly places: Places
  readonly heart: HeartBeat
  readonly backlog: Backlog
  /** Those that have a connection over HTTP to themselves. */
  readonly operations: Set<HttpOperation>
  readonly onTooSlow: () => void
  /** As whom a request comes. */
  credentialOf(request: FastifyRequest): Promise<Credential>
}

/** How many of what there are. */
export interface TransportCounts {
  readonly sockets: number
  /** Operations over all sockets. */
  readonly socketOperations: number
  /** Connections over HTTP that stream. */
  readonly httpStreams: number
  /** Connections of all kinds that have taken a place. */
  readonly places: number
  /** Connections that are watched for their credential. */
  readonly watched: number
  /** Connections that were closed since they did not read what was sent, since the start. */
  readonly tooSlow: number
}

export interface Transports {
  /** Has requests to upgrade come to `take` like any other. Called once, with the instance that has the route. */
  attach(fastify: FastifyInstance): void
  /** Takes a request that is to be answered by a stream. @returns false for one that is plain HTTP, and untouched */
  take(request: FastifyRequest, reply: FastifyReply): Promise<boolean>
  counts(): TransportCounts
  /** Takes no more, and sends everyone away so that they come back. Resolves once all are gone. */
  close(): Promise<void>
}

/** Brings streams to clients: graphql-transport-ws, graphql-sse and Apollo's multipart HTTP. */
export function createTransports({ streams, limits, asking, standings, isCurrent, origins }: TransportsOptions): Transports {
  const { authenticate, services, log } = asking
  const watch = new CredentialWatch({ authenticate, standings, isCurrent, services, log })
  let tooSlow = 0
  const parts: TransportParts = {
    streams,
    limits,
    asking,
    log,
    watch,
    places: new Places(limits),
    heart: new HeartBeat(limits.keepAliveMs),
    backlog: new Backlog(limits.connectionBufferBytes),
    operations: new Set(),
    onTooSlow: () => {
      tooSlow += 1
    },
    credentialOf: (request) => watch.credentialOf(shownBy(request), comingFrom(request, asking)),
  }
  const sockets = new Sockets(parts)
  const http = new HttpStreams(parts)
  const events = new EventStreams(parts)
  let upgrades: Upgrades | null = null
  let closed = false

  async function isForeign({ headers: { origin } }: FastifyRequest): Promise<boolean> {
    return origin !== undefined && !(await origins.allowed(origin).catch(() => false))
  }

  async function leave(): Promise<void> {
    closed = true
    upgrades?.close()
    for (const operation of [...parts.operations]) operation.leave()
    events.close()
    await sockets.close()
  }

  let left: Promise<void> | null = null
  const close = () => {
    left ??= leave()
    return left
  }

  return {
    attach(fastify) {
      upgrades = new Upgrades(fastify)
      // Before it waits for its connections, of which these would not end by themselves.
      fastify.addHook('preClose', close)
    },
    async take(request, reply) {
      const upgrade = upgrades?.socketOf(request.raw) ?? null
      const wanted = upgrade ? null : (events.wanted(request) ?? http.wanted(request))
      if (!upgrade && !wanted) return false
      // A link, or a page of another site, can open these without being asked first whether it may.
      if (request.method === 'GET' && (await isForeign(request))) refuseOrigin(reply)
      else if (closed) refuseFull(reply, 'ALL', limits)
      else if (!upgrade) await wanted?.(request, reply)
      else if (request.method === 'GET') sockets.open(request, reply, upgrade)
      else refuseRequest(reply, 405, 'A socket is opened by GET.')
      return true
    },
    counts: () => ({
      sockets: sockets.count,
      socketOperations: sockets.operationCount,
      httpStreams: parts.operations.size + events.count,
      places: parts.places.count,
      watched: watch.count,
      tooSlow,
    }),
    close,
  }
}
