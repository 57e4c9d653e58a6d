import type { Duplex } from 'node:stream'
import { farewell, SocketCode } from '@ashlar/kit/sockets/farewell'
import type { Beating } from '@ashlar/kit/sockets/heart-beat'
import type { WebSocket } from 'ws'
import type { StreamAnswer } from '../streams/stream.js'
import type { Waiting } from './backlog.js'
import type { FrameWriter } from './frame.js'

export interface SocketConnectionOptions {
  readonly socket: WebSocket
  /** The connection that the socket is over. */
  readonly duplex: Duplex
  readonly frames: FrameWriter
  readonly bufferBytes: number
  readonly onTooSlow: () => void
  /** It is closing, or gone; told once, and before anything else can come of it. */
  readonly onEnd: () => void
}

/** The way out to one client, which never holds more than it may: who reads too slowly is sent away, to come back. */
export class SocketConnection implements Beating, Waiting {
  private room: Promise<void> | null = null
  private alive = true
  private ended = false

  constructor(private readonly options: SocketConnectionOptions) {
    const { socket } = options
    socket.on('pong', () => {
      this.alive = true
    })
    socket.once('close', () => this.end())
    // What breaks the protocol of frames, or is too long, ws itself closes with the code that says so.
    socket.on('error', () => this.end())
  }

  get isOpen(): boolean {
    return !this.ended
  }

  /** A message of the protocol's own. */
  send(message: object): void {
    if (this.hasRoom()) this.options.socket.send(JSON.stringify(message))
  }

  /** An answer. @returns when there is room again, where there is none now */
  sendNext(answer: StreamAnswer, tail: string): Promise<void> | undefined {
    if (!this.hasRoom()) return undefined
    const { duplex, frames } = this.options
    // Nothing else is ever in the midst of a message: whatever ws sends itself are whole frames, uncompressed.
    return duplex.write(frames.next(answer, tail), 'latin1') ? undefined : this.nextRoom()
  }

  close(code: number, reason: string): Promise<void> {
    this.end()
    return farewell(this.options.socket, code, reason)
  }

  get waitingBytes(): number {
    return this.options.duplex.writableLength
  }

  tooSlow(): void {
    if (this.ended) return
    this.options.onTooSlow()
    void this.close(SocketCode.TryAgainLater, 'Too slow: more waits than may. Come back, and read faster.')
  }

  beat(): void {
    const { socket } = this.options
    // Whoever has not answered since the last one does not read any more: a close would wait behind what they don't read.
    if (this.alive) socket.ping()
    else socket.terminate()
    this.alive = false
  }

  private hasRoom(): boolean {
    if (this.ended) return false
    if (this.waitingBytes <= this.options.bufferBytes) return true
    this.tooSlow()
    return false
  }

  private nextRoom(): Promise<void> {
    const { duplex } = this.options
    this.room ??= new Promise((resolve) => {
      const done = () => {
        duplex.off('drain', done).off('close', done)
        this.room = null
        resolve()
      }
      duplex.on('drain', done).on('close', done)
    })
    return this.room
  }

  private end(): void {
    if (this.ended) return
    this.ended = true
    this.options.onEnd()
  }
}
