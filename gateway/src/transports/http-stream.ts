import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Beating, HeartBeat } from '@ashlar/kit/sockets/heart-beat'
import type { FastifyReply } from 'fastify'
import type { Backlog, Waiting } from './backlog.js'

export interface HttpStreamOptions {
  readonly reply: FastifyReply
  readonly contentType: string
  /** What stands first, and what keeps a quiet connection from being taken for dead. */
  readonly opening: string
  readonly heartBeat: string
  readonly heart: HeartBeat
  readonly backlog: Backlog
  readonly bufferBytes: number
  readonly onTooSlow: () => void
  /** The client is gone before the end. */
  readonly onGone: () => void
}

/** An answer over HTTP that goes on. It begins with the first that is written, and never holds more than it may. */
export class HttpStream implements Beating, Waiting {
  private readonly response: ServerResponse
  private begun = false
  private ended = false
  private room: Promise<void> | null = null

  constructor(private readonly options: HttpStreamOptions) {
    this.response = options.reply.raw
    const gone = () => {
      if (this.end('')) options.onGone()
    }
    // One that went before we looked does not say so again.
    if (this.response.destroyed) queueMicrotask(gone)
    else this.response.once('close', gone)
  }

  /** Says that it is going to answer, before there is anything to say. */
  begin(): void {
    if (this.begun || this.ended) return
    this.begun = true
    const { reply, contentType, opening, heart, backlog } = this.options
    reply.hijack()
    this.response.writeHead(200, {
      ...(reply.getHeaders() as OutgoingHttpHeaders),
      'content-type': contentType,
      'cache-control': 'no-store',
      // Nothing between may wait until there is more of it.
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    this.response.write(opening)
    heart.add(this)
    backlog.add(this)
  }

  /** @returns when there is room again, where there is none now */
  write(text: string): Promise<void> | undefined {
    if (this.ended) return undefined
    this.begin()
    if (this.waitingBytes <= this.options.bufferBytes) return this.response.write(text) ? undefined : this.nextRoom()
    this.tooSlow()
    return undefined
  }

  get waitingBytes(): number {
    return this.response.writableLength
  }

  tooSlow(): void {
    if (this.ended) return
    this.ended = true
    this.leave()
    this.options.onTooSlow()
    // An end would wait behind what is not read: it breaks, and whoever is there comes back.
    this.response.destroy()
    this.options.onGone()
  }

  /** The last of it. @returns whether it had not ended before */
  end(text: string): boolean {
    if (this.ended) return false
    if (text) this.begin()
    this.ended = true
    this.leave()
    if (this.begun) this.response.end(text)
    return true
  }

  beat(): void {
    void this.write(this.options.heartBeat)
  }

  private leave(): void {
    this.options.heart.delete(this)
    this.options.backlog.delete(this)
  }

  private nextRoom(): Promise<void> {
    const { response } = this
    this.room ??= new Promise((resolve) => {
      const done = () => {
        response.off('drain', done).off('close', done)
        this.room = null
        resolve()
      }
      response.on('drain', done).on('close', done)
    })
    return this.room
  }
}
