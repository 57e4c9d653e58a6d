import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Refusal, StreamAnswer, StreamRequest } from '../streams/stream.js'
import { type Credential, noLonger } from './credential.js'
import type { Holder } from './credential-watch.js'
import type { HttpStream } from './http-stream.js'
import { Operation } from './operation.js'
import type { Place } from './places.js'
import { refuse, refuseFull } from './refusals.js'
import type { TransportParts } from './transports.js'

/** How one transport over HTTP writes what is to be said. */
export interface Wording {
  next(answer: StreamAnswer): string
  readonly complete: string
  /** The end of one that is to be taken up again. */
  readonly comeBack: string
  /** Whether what is wrong with the operation itself is an answer like any other. */
  readonly answersFaults: boolean
}

export interface HttpOperationOptions {
  readonly parts: TransportParts
  readonly reply: FastifyReply
  readonly credential: Credential
  readonly place: Place
  readonly wording: Wording
  /** Makes the way out; `onGone` is to be told when its client leaves. */
  streamOf(onGone: () => void): HttpStream
}

const BAD_REQUEST = 400

/** An answer of the gateway's own that ends a stream. */
export const lastAnswer = (errors: Refusal['errors'], data: null | undefined): StreamAnswer => ({
  text: JSON.stringify({ data, errors }),
  cursor: null,
})

/** One operation that has an HTTP connection to itself. */
export class HttpOperation extends Operation implements Holder {
  private readonly out: HttpStream

  constructor(private readonly options: HttpOperationOptions) {
    super()
    this.out = options.streamOf(() => {
      this.stop()
      this.release()
    })
  }

  /** Resolves once it streams, is answered, or was refused. */
  async run(request: StreamRequest): Promise<void> {
    const { parts } = this.options
    parts.watch.add(this)
    await this.open(parts.streams, request)
    if (!this.isOver) this.out.begin()
  }

  credential(): Credential {
    return this.options.credential
  }

  look(): void {
    if (!this.options.credential.look() || !this.finish()) return
    void this.write(lastAnswer([noLonger().toJSON()], null))
    this.completed()
  }

  /** The gateway stops: the client is to come back. */
  leave(): void {
    if (this.finish()) this.cutOff()
  }

  protected write(answer: StreamAnswer): Promise<void> | undefined {
    return this.out.write(this.options.wording.next(answer))
  }

  protected refused({ errors, status }: Refusal): void {
    const { wording, reply } = this.options
    if (wording.answersFaults && status === BAD_REQUEST) {
      void this.out.write(wording.next(lastAnswer(errors, undefined)))
      this.completed()
    } else {
      this.out.end('')
      this.release()
      refuse(reply, status, errors)
    }
  }

  protected completed(): void {
    this.out.end(this.options.wording.complete)
    this.release()
  }

  protected cutOff(): void {
    this.out.begin()
    this.out.end(this.options.wording.comeBack)
    this.release()
  }

  private release(): void {
    const { parts, place } = this.options
    parts.watch.delete(this)
    parts.operations.delete(this)
    place.release()
  }
}

/** Room for a connection over HTTP, as whoever it is of; null where it has been refused. */
export async function admit(parts: TransportParts, request: FastifyRequest, reply: FastifyReply) {
  const { places, limits } = parts
  const place = places.take(request.ip)
  if (typeof place === 'string') {
    refuseFull(reply, place, limits)
    return null
  }
  const credential = await parts.credentialOf(request)
  if (credential.userId === null || place.claim(credential.userId)) return { place, credential }
  place.release()
  refuseFull(reply, 'USER', limits)
  return null
}
