import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Beating, HeartBeat } from '@ashlar/kit/sockets/heart-beat'
import type { FastifyReply } from 'fastify'

export interface HttpStreamOptions {
  readonly reply: FastifyReply
  readonly contentType: string
  /** What stands first, and what keeps a quiet connection from being taken for dead. */
  readonly opening: string
  readonly heartBeat: string
  readonly heart: HeartBeat
  readonly bufferBytes: number
  readonly onTooSlow: () => void
  /** The client is gone before the end. */
  readonly onGone: () => void
}

/** An answer over HTTP that goes on. It begins with the first that is written, and never holds more than it may. */
export class HttpStream implements Beating {
  private readonly response: ServerResponse
  private begun = false
  private ended = false
  private room: Promise<void> | null = null

  constructor(private readonly options: HttpStreamOptions) {
    this.response = options.reply.raw
    this.response.once('close', () => {
      if (this.end('')) options.onGone()
    })
  }

  /** Says that it is going to answer, before there is anything to say. */
  begin(): void {
    if (this.begun || this.ended) return
    this.begun = true
    const { reply, contentType, opening, heart } = this.options
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
  }

  /** @returns when there is room again, where there is none now */
  write(text: string): Promise<void> | undefined {
    if (this.ended) return undefined
    this.begin()
    const { bufferBytes, onTooSlow, onGone } = this.options
    if (this.response.writableLength <= bufferBytes) return this.response.write(text) ? undefined : this.nextRoom()
    onTooSlow()
    this.ended = true
    this.options.heart.delete(this)
    // An end would wait behind what is not read: it breaks, and whoever is there comes back.
    this.response.destroy()
    onGone()
    return undefined
  }

  /** The last of it. @returns whether it had not ended before */
  end(text: string): boolean {
    if (this.ended) return false
    if (text) this.begin()
    this.ended = true
    this.options.heart.delete(this)
    if (this.begun) this.response.end(text)
    return true
  }

  beat(): void {
    void this.write(this.options.heartBeat)
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
