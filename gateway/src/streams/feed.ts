import { setTimeout as wait } from 'node:timers/promises'
import type { Asking, Identity } from '@ashlar/kit/caller'
import { AshlarError, subgraphUnavailable } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { type Answer, Unreachable } from '../data-sources/source.js'
import { stringifyAnswer } from '../execution/written-data.js'
import type { Telemetry } from '../telemetry/telemetry.js'
import { cursorIn, type LiveOperation, requestAfter, variablesAfter } from './live-operation.js'
import { RootRefused } from './prepare-live.js'
import type { Listener, StreamSink } from './stream.js'

/** One client of a feed. */
export interface Member {
  readonly listener: Listener
  readonly sink: StreamSink
  /** What it follows, by the graph as it is now. @throws what says why it can't be followed any more */
  prepare(): Promise<LiveOperation>
  /** It is to be followed in another way from here on: what may be had of it has changed. */
  again(operation: LiveOperation, cursor: unknown): void
}

export interface FeedOptions {
  /** As whom all its events are, where they are the same for everybody; else each of its members is the same person. */
  readonly everybody: Asking | null
  readonly log: Logger
  readonly telemetry: Telemetry
  readonly present: (error: GraphQLError) => GraphQLFormattedError
  /** It stands behind another event than before. */
  readonly onMoved: (feed: Feed, before: unknown) => void
  readonly onEnded: (feed: Feed) => void
  /** Everybody may not see what this one perhaps may: answers whether it was taken elsewhere. */
  readonly onRefused: (feed: Feed, member: Member) => boolean
}

const RETRY_MS = 100
const RETRY_MS_MAX = 5_000
const RETRY_AFTER_SECONDS = 5
/** What one who may not see a thing is told instead of it. */
const REFUSALS = new Set<unknown>(['NOT_FOUND', 'FORBIDDEN', 'UNAUTHENTICATED'])

/**
 * One subscription at its owner, and everybody who follows it: each event is carried out once and handed to all. What breaks is taken up
 * again behind the last event; it completes when the owner says so, and ends when nobody is left.
 */
export class Feed {
  readonly members = new Set<Member>()
  private ending = new AbortController()
  private attempt = new AbortController()
  private reopens = false
  private over = false
  /** As whom the last event was carried out. */
  private identity: Identity | null | undefined

  constructor(
    public operation: LiveOperation,
    /** Behind which event it stands; null for none yet. */
    public cursor: unknown,
    private readonly options: FeedOptions,
  ) {
    // Who opened it hears of that first.
    setImmediate(() => void this.run())
  }

  get ended(): boolean {
    return this.over
  }

  remove(member: Member): void {
    this.members.delete(member)
    if (this.members.size === 0) this.end()
  }

  /** Goes on with another version of the graph: over what it has, where its owner is asked the same. */
  switchTo(operation: LiveOperation): void {
    const before = this.operation
    this.operation = operation
    if (before.source === operation.source && requestAfter(before, null).body === requestAfter(operation, null).body) return
    this.reopens = true
    this.attempt.abort()
  }

  /** Ends it for one of them, with why. */
  refuse(member: Member, reason: unknown): void {
    if (!this.members.has(member)) return
    member.sink.next({ text: this.textOf({ data: null, errors: [errorOf(reason)] }), cursor: null })
    member.sink.complete()
    this.remove(member)
  }

  /** Asks for each of them again who they are, and what they may have of it. */
  async recheck(): Promise<void> {
    for (const member of [...this.members])
      try {
        member.listener.asking()
        const operation = await member.prepare()
        if (operation.authorised === this.operation.authorised || !this.members.has(member)) continue
        this.remove(member)
        member.again(operation, this.cursor)
      } catch (error) {
        this.refuse(member, error)
      }
  }

  /** Sends everybody away to come back. */
  comeBack(): void {
    for (const { sink } of this.members) sink.comeBack()
    this.end()
  }

  private end(): void {
    if (this.over) return
    this.over = true
    this.members.clear()
    this.ending.abort()
    this.attempt.abort()
    this.options.onEnded(this)
  }

  private async run(): Promise<void> {
    let began = false
    for (let retryMs = RETRY_MS; !this.ended; retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)) {
      this.attempt = new AbortController()
      this.reopens = false
      try {
        for await (const answer of this.follow()) {
          if (this.attempt.signal.aborted) break
          if (isGoingAway(answer)) throw new Unreachable('the service is going away')
          began = true
          retryMs = RETRY_MS
          if (answer.startsAt === undefined) await this.deliver(answer)
          else this.stand(answer.startsAt)
        }
        if (this.ended) return
        if (!this.reopens) return this.complete()
      } catch (error) {
        if (this.ended) return
        // Nobody is left as whom it could be asked.
        if (error instanceof AshlarError) return this.fail(error)
        if (!began && error instanceof Unreachable) {
          this.options.log.error({ err: error, service: this.operation.compiled.service }, 'a subscription did not begin')
          return this.fail(subgraphUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS }))
        }
        if (!this.reopens) {
          this.options.log.warn({ err: error, service: this.operation.compiled.service }, 'a subscription broke and is taken up again')
          await wait(retryMs * (0.5 + Math.random() / 2), undefined, { signal: this.ending.signal }).catch(() => {})
        }
      }
      began = true
    }
  }

  private follow(): AsyncGenerator<Answer, void, undefined> {
    const { operation, cursor } = this
    const { follow } = operation.source
    if (!follow) throw new Unreachable('has no subscriptions')
    return follow(requestAfter(operation, cursor), () => this.asking(), this.attempt.signal)
  }

  /** As whom it is asked now. @throws what the last of them was refused with, where nobody is left */
  private asking(): Asking {
    const { everybody } = this.options
    if (everybody) return everybody
    let refusal: unknown = new Error('nobody follows')
    for (const member of [...this.members])
      try {
        return member.listener.asking()
      } catch (error) {
        refusal = error
        this.refuse(member, error)
      }
    throw refusal
  }

  private async deliver(answer: Answer): Promise<void> {
    const { operation, options } = this
    // Mostly there is nothing to wait for, and each event of each member would.
    const known = this.askingIfKnown()
    const asking = known ?? (await this.askingForEvent())
    if (this.ended) return
    const { merged, ...outcome } = await options.telemetry.event(operation.compiled.service, asking, (traced) =>
      operation.compiled.event(answer, variablesAfter(operation, this.cursor), traced),
    )
    if (this.ended) return
    if (options.everybody && isRefusal(outcome))
      for (const member of [...this.members]) if (options.onRefused(this, member)) this.remove(member)
    const cursor = cursorIn(operation, merged)
    const { cursor: before } = this
    // First, so that whoever joins behind this event does not get it as well.
    if (cursor !== null) this.cursor = cursor
    const event = { text: this.textOf(outcome), cursor }
    const members = [...this.members]
    let room: Promise<void> | undefined
    for (const { sink } of members) room = sink.next(event)
    options.telemetry.tally.eventsSent += members.length
    if (cursor !== null) options.onMoved(this, before)
    if (members.length === 1 && room) await room
  }

  /** Has learned where it begins: if it breaks before the first event, it goes on from there. */
  private stand(cursor: string): void {
    const { cursor: before } = this
    this.cursor ??= cursor
    if (before === null) this.options.onMoved(this, before)
  }

  /** The same as below, where there is nothing to wait for. */
  private askingIfKnown(): Asking | null {
    if (this.options.everybody) return this.options.everybody
    for (const { listener } of this.members) if (listener.held?.()) return null
    const asking = this.asking()
    if (this.identity !== asking.identity) return null
    return asking
  }

  /** As whom an event is carried out, once it is known who has ended, and what they may now. */
  private async askingForEvent(): Promise<Asking> {
    if (this.options.everybody) return this.options.everybody
    for (const { listener } of this.members) await listener.held?.()
    const asking = this.asking()
    const { identity } = asking
    if (this.identity !== undefined && this.identity !== identity) await this.recheck()
    this.identity = identity
    return asking
  }

  private complete(): void {
    for (const { sink } of this.members) sink.complete()
    this.end()
  }

  private fail(error: unknown): void {
    for (const member of [...this.members]) this.refuse(member, error)
    this.end()
  }

  private textOf({ data, errors = [] }: { readonly data: unknown; readonly errors?: readonly GraphQLError[] }): string {
    const presented = errors.map((error) => this.options.present(error))
    return stringifyAnswer({ data, ...(presented.length > 0 && { errors: presented }) }).trimEnd()
  }
}

/** A service that stops says so as an answer; where it stopped, another one goes on. */
const isGoingAway = ({ data, errors }: Answer): boolean =>
  data === null && errors.length > 0 && errors.every(({ extensions }) => extensions?.code === 'SUBGRAPH_UNAVAILABLE')

const isRefusal = ({ data, errors = [] }: { readonly data: unknown; readonly errors?: readonly GraphQLError[] }): boolean =>
  data === null && errors.some(({ extensions }) => REFUSALS.has(extensions.code))

/** What a client is told of what was thrown. */
export function errorOf(reason: unknown): GraphQLError {
  if (reason instanceof RootRefused) return reason.error
  return reason instanceof GraphQLError ? reason : new GraphQLError('', { originalError: reason as Error })
}
