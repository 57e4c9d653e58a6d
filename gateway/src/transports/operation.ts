import {
  isRefusal,
  type Listener,
  type Refusal,
  type Stream,
  type StreamAnswer,
  type StreamRequest,
  type StreamSink,
  type Streams,
} from '../streams/stream.js'
import type { Credential } from './credential.js'

/**
 * One operation of a client's, whatever brings its answers: from being asked for to its one end, in whatever order the two sides leave.
 * What is told after the end is not heard.
 */
export abstract class Operation implements StreamSink {
  private stream: Stream | null = null
  private over = false

  /** Asks for it. Resolves once it is streaming, or was refused. */
  async open(streams: Streams, request: StreamRequest): Promise<void> {
    const opened = await streams.open(request, this.listener(), this)
    if (!isRefusal(opened)) {
      if (this.over) opened.stop()
      else this.stream = opened
    } else if (this.end()) this.refused(opened)
  }

  next(answer: StreamAnswer): Promise<void> | undefined {
    return this.over ? undefined : this.write(answer)
  }

  complete(): void {
    if (this.end()) this.completed()
  }

  comeBack(): void {
    if (this.end()) this.cutOff()
  }

  /** Its client is gone, or has enough: nothing more is said. */
  stop(): void {
    this.finish()
  }

  protected get isOver(): boolean {
    return this.over
  }

  /** Ends it from this side. @returns whether it had not ended yet */
  protected finish(): boolean {
    const { stream } = this
    const first = this.end()
    stream?.stop()
    return first
  }

  private end(): boolean {
    if (this.over) return false
    this.over = true
    this.stream = null
    return true
  }

  /** Whoever has brought a newer credential goes on by that. */
  private listener(): Listener {
    const { refused } = this.credential()
    return { refused, asking: () => this.credential().asking(), held: () => this.credential().held() }
  }

  /** As whom it listens now. */
  protected abstract credential(): Credential
  protected abstract write(answer: StreamAnswer): Promise<void> | undefined
  protected abstract refused(refusal: Refusal): void
  protected abstract completed(): void
  /** It ends before it is complete, so that the client comes back. */
  protected abstract cutOff(): void
}
