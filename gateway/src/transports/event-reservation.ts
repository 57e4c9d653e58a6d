import { tooComplex } from '@ashlar/kit/errors'
import { LatestProof } from '@ashlar/kit/sockets/latest-proof'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { comingFrom, type Shown, shownBy } from '../http/asking.js'
import type { Refusal, StreamAnswer, StreamRequest } from '../streams/stream.js'
import { type Credential, noLonger } from './credential.js'
import type { Holder } from './credential-watch.js'
import { COMMENT, EVENT_STREAM_TYPE, eventOf } from './event-stream.js'
import { lastAnswer } from './http-operation.js'
import { HttpStream } from './http-stream.js'
import { Operation } from './operation.js'
import type { TransportParts } from './transports.js'

/** How long a token may wait for its stream, and what may wait in front of it meanwhile. */
const CONNECT_MS = 30_000
const EARLY_CHARS_MAX = 1_000_000

/** One event stream for many operations, from its reservation to its end. */
export class EventReservation implements Holder {
  private readonly proof = new LatestProof<Credential>(({ userId }) => userId)
  private readonly operations = new Map<string, EventOperation>()
  private out: HttpStream | null = null
  /** What is said before the stream is there. */
  private early: string[] = []
  private earlyChars = 0
  private over = false
  private readonly connectTimer: NodeJS.Timeout

  constructor(
    private readonly parts: TransportParts,
    private latest: Credential,
    private shown: Shown,
    private readonly onEnd: () => void,
  ) {
    void this.proof.take(() => latest)
    this.connectTimer = setTimeout(() => this.leave(), CONNECT_MS).unref()
    parts.watch.add(this)
  }

  credential(): Credential {
    return this.latest
  }

  look(): void {
    if (!this.latest.look()) return
    const last = lastAnswer([noLonger().toJSON()], null)
    for (const operation of [...this.operations.values()]) operation.endWith(last)
    this.leave()
  }

  /** Opens the stream. @returns whether there was none yet */
  connect(reply: FastifyReply): boolean {
    if (this.out || this.over) return false
    const { heart, backlog, limits, onTooSlow } = this.parts
    clearTimeout(this.connectTimer)
    this.out = new HttpStream({
      reply,
      contentType: EVENT_STREAM_TYPE,
      opening: COMMENT,
      heartBeat: COMMENT,
      heart,
      backlog,
      bufferBytes: limits.connectionBufferBytes,
      onTooSlow,
      onGone: () => this.leave(),
    })
    this.out.begin()
    for (const text of this.early.splice(0)) void this.out.write(text)
    return true
  }

  /** Whether whoever posts an operation is who has the stream; a newer credential of theirs takes the place of the one before. */
  async admits(request: FastifyRequest): Promise<boolean> {
    const shown = shownBy(request)
    if (shown.authorization === this.shown.authorization && shown.scopes === this.shown.scopes) return true
    const outcome = await this.proof.take(async () => {
      const credential = await this.parts.watch.credentialOf(shown, comingFrom(request, this.parts.asking))
      return credential.refused ? null : credential
    })
    if (outcome === 'refused') return false
    if (outcome === 'taken') {
      this.latest = this.proof.current ?? this.latest
      this.shown = shown
    }
    return true
  }

  /** @returns why it was not opened; null where it streams */
  async open(id: string, asked: StreamRequest): Promise<Refusal | 'TAKEN' | null> {
    const { limits, streams } = this.parts
    const { subscriptionsPerConnection: limit } = limits
    if (this.over) return { status: 404, errors: [{ message: 'This event stream has ended.', extensions: { code: 'BAD_REQUEST' } }] }
    if (this.operations.has(id)) return 'TAKEN'
    if (this.operations.size >= limit) {
      return { status: 400, errors: [tooComplex({ message: `At most ${limit} operations may be open over one stream.`, limit }).toJSON()] }
    }
    const operation = new EventOperation(id, this)
    this.operations.set(id, operation)
    await operation.open(streams, asked)
    return operation.refusal
  }

  end(id: string): void {
    this.operations.get(id)?.stop()
    this.operations.delete(id)
  }

  forget(id: string): void {
    this.operations.delete(id)
  }

  /** Says something, at once or as soon as the stream is there. */
  say(text: string): Promise<void> | undefined {
    if (this.out) return this.out.write(text)
    this.earlyChars += text.length
    if (this.earlyChars > EARLY_CHARS_MAX) this.leave()
    else this.early.push(text)
    return undefined
  }

  /** It ends without a word that all is complete: whoever is there reserves another one. */
  leave(): void {
    if (this.over) return
    this.over = true
    clearTimeout(this.connectTimer)
    this.early = []
    this.parts.watch.delete(this)
    for (const operation of this.operations.values()) operation.stop()
    this.operations.clear()
    this.out?.end('')
    this.onEnd()
  }
}

/** One of the operations over it. */
class EventOperation extends Operation {
  refusal: Refusal | null = null
  private readonly json: string

  constructor(
    private readonly id: string,
    private readonly reservation: EventReservation,
  ) {
    super()
    this.json = JSON.stringify(id)
  }

  /** The last that is said of it. */
  endWith(answer: StreamAnswer): void {
    if (!this.finish()) return
    void this.write(answer)
    this.completed()
  }

  protected credential(): Credential {
    return this.reservation.credential()
  }

  protected write({ text }: StreamAnswer): Promise<void> | undefined {
    return this.reservation.say(eventOf('next', `{"id":${this.json},"payload":${text}}`))
  }

  protected refused(refusal: Refusal): void {
    this.refusal = refusal
    this.reservation.forget(this.id)
  }

  protected completed(): void {
    this.reservation.forget(this.id)
    void this.reservation.say(eventOf('complete', `{"id":${this.json}}`))
  }

  protected cutOff(): void {
    this.reservation.leave()
  }
}
