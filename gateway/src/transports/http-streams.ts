import type { FastifyReply, FastifyRequest } from 'fastify'
import { OperationTypeNode } from 'graphql'
import type { StreamRequest } from '../streams/stream.js'
import { type Streaming, streamingIn } from './accept.js'
import { COMMENT, distinctEvents, EVENT_STREAM_TYPE } from './event-stream.js'
import { admit, HttpOperation, type Wording } from './http-operation.js'
import { HttpStream } from './http-stream.js'
import { HEART_BEAT_PART, partsOfAnswers, subscriptionParts } from './multipart-subscriptions.js'
import { refuse, refuseRequest } from './refusals.js'
import { kindOf, readStreamRequest } from './stream-request.js'
import type { TransportParts } from './transports.js'

/** Answers a request, or refuses it. */
export type Answering = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

interface Form {
  readonly wording: Wording
  readonly contentType: string
  readonly opening: string
  readonly heartBeat: string
}

const FORMS: Readonly<Record<Streaming, Form>> = {
  EVENT_STREAM: { wording: distinctEvents, contentType: EVENT_STREAM_TYPE, opening: COMMENT, heartBeat: COMMENT },
  MULTIPART: {
    wording: partsOfAnswers,
    contentType: subscriptionParts.contentType,
    opening: subscriptionParts.opening,
    heartBeat: HEART_BEAT_PART,
  },
}

/** Operations that have a connection to themselves: graphql-sse in its distinct mode, and multipart. */
export class HttpStreams {
  constructor(private readonly parts: TransportParts) {}

  /** How a request is answered that wants this; null for one that does not. */
  wanted(request: FastifyRequest): Answering | null {
    const { method, headers } = request
    const streaming = method === 'GET' || method === 'POST' ? streamingIn(headers.accept ?? '') : null
    if (streaming === 'EVENT_STREAM') return (asked, reply) => this.answer(asked, reply, this.eventsOf(asked), FORMS.EVENT_STREAM)
    // Whatever is answered once is answered as ever, which is as good to whoever takes parts.
    if (streaming !== 'MULTIPART' || !this.mayBeSubscription(request)) return null
    return (asked, reply) => this.answer(asked, reply, readStreamRequest(asked), FORMS.MULTIPART)
  }

  private async answer(request: FastifyRequest, reply: FastifyReply, asked: StreamRequest, form: Form): Promise<void> {
    if (request.method === 'GET' && !this.mayGet(asked, reply)) return
    const { parts } = this
    const admitted = await admit(parts, request, reply)
    if (!admitted) return
    const operation = new HttpOperation({
      ...admitted,
      parts,
      reply,
      wording: form.wording,
      streamOf: (onGone) =>
        new HttpStream({
          ...form,
          reply,
          heart: parts.heart,
          backlog: parts.backlog,
          bufferBytes: parts.limits.connectionBufferBytes,
          onTooSlow: parts.onTooSlow,
          onGone,
        }),
    })
    parts.operations.add(operation)
    await operation.run(asked)
  }

  /** A client that comes back names the last event that it has. */
  private eventsOf(request: FastifyRequest): StreamRequest {
    const last = request.headers['last-event-id']
    return { ...readStreamRequest(request), resume: { after: (Array.isArray(last) ? last[0] : last) || null } }
  }

  private mayBeSubscription(request: FastifyRequest): boolean {
    try {
      const asked = readStreamRequest(request)
      const kind = kindOf(asked, this.parts.limits)
      return kind === OperationTypeNode.SUBSCRIPTION || (asked.query === null && asked.extensions.persistedQuery !== undefined)
    } catch {
      // What is wrong with it is said as ever.
      return false
    }
  }

  /** Nothing is changed by a link that somebody follows. */
  private mayGet(asked: StreamRequest, reply: FastifyReply): boolean {
    const kind = kindOf(asked, this.parts.limits)
    if (kind === OperationTypeNode.MUTATION) {
      reply.header('allow', 'POST')
      refuseRequest(reply, 405, 'A mutation comes by POST.')
      return false
    }
    if (asked.query !== null) return true
    refuse(reply, 400, [{ message: 'An operation that streams by GET comes with its text.', extensions: { code: 'BAD_REQUEST' } }])
    return false
  }
}
