import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { shownBy } from '../http/asking.js'
import { isRefusal, type Refusal } from '../streams/stream.js'
import { streamingIn } from './accept.js'
import { EventReservation } from './event-reservation.js'
import { admit } from './http-operation.js'
import type { Answering } from './http-streams.js'
import { refuse, refuseRequest } from './refusals.js'
import { readStreamRequest } from './stream-request.js'
import type { TransportParts } from './transports.js'

const TOKEN_HEADER = 'x-graphql-event-stream-token'
const TOKEN_BYTES = 24

/**
 * graphql-sse in its mode of a single connection: a token is reserved by PUT, a stream opened with it, operations are posted to it and
 * deleted from it by their ids.
 */
export class EventStreams {
  private readonly reservations = new Map<string, EventReservation>()

  constructor(private readonly parts: TransportParts) {}

  get count(): number {
    return this.reservations.size
  }

  /** How a request is answered that is about such a stream; null for any other. */
  wanted({ method, headers, url }: FastifyRequest): Answering | null {
    if (method === 'PUT') return /\*\/\*|text\/plain/.test(headers.accept ?? '') ? (_, reply) => this.reserve(_, reply) : null
    const header = headers[TOKEN_HEADER]
    const parameters = url.includes('token=') || method === 'DELETE' ? new URL(url, 'http://gateway').searchParams : null
    const token = (Array.isArray(header) ? header[0] : header) ?? parameters?.get('token') ?? null
    if (token === null) return null
    const streams = streamingIn(headers.accept ?? '') === 'EVENT_STREAM'
    const reservation = this.reservations.get(token)
    // A parameter may mean anything to whoever wrote the link.
    if (!reservation && header === undefined && !streams) return null
    if (!reservation) return async (_, reply) => refuseRequest(reply, 404, 'There is no such event stream: reserve one by PUT.')
    if (method === 'DELETE') return async (_, reply) => this.end(reservation, parameters?.get('operationId') ?? '', reply)
    if (streams) return async (_, reply) => void (reservation.connect(reply) || refuseRequest(reply, 409, 'This event stream is open.'))
    return (request, reply) => this.operate(reservation, request, reply)
  }

  close(): void {
    for (const reservation of [...this.reservations.values()]) reservation.leave()
  }

  private async reserve(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const admitted = await admit(this.parts, request, reply)
    if (!admitted) return
    const { credential, place } = admitted
    if (credential.refused) {
      place.release()
      return refuse(reply, 401, [credential.refused.toJSON()])
    }
    const token = randomBytes(TOKEN_BYTES).toString('base64url')
    const onEnd = () => {
      this.reservations.delete(token)
      place.release()
    }
    this.reservations.set(token, new EventReservation(this.parts, credential, shownBy(request), onEnd))
    reply.code(201).type('text/plain; charset=utf-8').header('cache-control', 'private, no-store').send(token)
  }

  private async operate(reservation: EventReservation, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (request.method !== 'POST') {
      reply.header('allow', 'POST, PUT, DELETE')
      return refuseRequest(reply, 405, 'An operation comes by POST, the stream by asking for text/event-stream.')
    }
    const asked = readStreamRequest(request)
    const { operationId } = asked.extensions
    if (typeof operationId !== 'string' || operationId === '')
      return refuseRequest(reply, 400, 'The operation has no "operationId" in its extensions.')
    if (!(await reservation.admits(request))) return refuseRequest(reply, 403, 'This event stream is of somebody else.')
    const outcome = await reservation.open(operationId, asked)
    if (outcome === 'TAKEN') return refuseRequest(reply, 409, 'There is an operation with this id.')
    if (isRefusalOutcome(outcome)) return refuse(reply, outcome.status, outcome.errors)
    reply.code(202).header('cache-control', 'private, no-store').send()
  }

  private end(reservation: EventReservation, operationId: string, reply: FastifyReply): void {
    if (operationId) {
      reservation.end(operationId)
      reply.code(200).send()
    } else refuseRequest(reply, 400, 'Which operation is to end is in "operationId".')
  }
}

const isRefusalOutcome = (outcome: Refusal | null): outcome is Refusal => outcome !== null && isRefusal(outcome)
