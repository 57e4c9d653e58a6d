import { setTimeout as wait } from 'node:timers/promises'
import type { Asking, Identity } from '@ashlar/kit/caller'
import { AshlarError, subgraphUnavailable } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { type Answer, Overrun, Unreachable } from '../data-sources/source.js'
import type { WrittenAnswer } from '../execution/compiled-operation.js'
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
}

export interface FeedOptions {
  /** What its members have in common. */
  readonly key: string
  /** Whether it is a person's own since everybody was refused what they may see. */
  readonly isPersonal: boolean
  /** As whom all its events are, where they are the same for everybody; else each of its members is the same person. */
  readonly everybody: Asking | null
  readonly log: Logger
  readonly telemetry: Telemetry
  readonly present: (error: GraphQLError) => GraphQLFormattedError
  /** It stands behind another event than before. */
  readonly onMoved: (feed: Feed, before: unknown) => void
  readonly onEnded: (feed: Feed) => void
  /** Its people may have other rights than before: whoever has is to be followed in another way from here on. */
  readonly onOthers: (feed: Feed) => Promise<void>
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
  /** Who each of them was when it was last looked at what they may. */
  private readonly seen = new Map<Member, Identity | null | undefined>()
  private wake: (() => void) | null = null

  constructor(
    public operation: LiveOperation,
    /** Behind which event it stands; null for none yet. */
    public cursor: unknown,
    private readonly options: FeedOptions,
  ) {
    // Who opened it hears of that first.
    setImmediate(() => void this.run())
  }

  get key(): string {
    return this.options.key
  }

  get isPersonal(): boolean {
    return this.options.isPersonal
  }

  get ended(): boolean {
    return this.over
  }

  add(member: Member): void {
    this.members.add(member)
    this.see(member)
    this.wake?.()
  }

  remove(member: Member): void {
    this.members.delete(member)
    this.seen.delete(member)
    this.wake?.()
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
    member.sink.next({ text: this.textOf({ text: 'null', errors: [errorOf(reason)] }), cursor: null })
    member.sink.complete()
    this.remove(member)
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
    this.seen.clear()
    this.wake?.()
    this.ending.abort()
    this.attempt.abort()
    this.options.onEnded(this)
  }

  private async run(): Promise<void> {
    let began = false
    for (let retryMs = RETRY_MS; !this.ended; retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)) {
      this.attempt.abort()
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
          // Of a client that reads slowly that is the usual way.
          const level = error instanceof Overrun ? 'debug' : 'warn'
          this.options.log[level]({ err: error, service: this.operation.compiled.service }, 'a subscription broke and is taken up again')
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
    for (const member of this.members)
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
    const outcome = await options.telemetry.event(operation.compiled.service, asking, (traced) =>
      operation.compiled.event(answer, variablesAfter(operation, this.cursor), traced),
    )
    if (this.ended) return
    if (options.everybody && isRefusal(outcome))
      for (const member of [...this.members]) if (options.onRefused(this, member)) this.remove(member)
    const cursor = cursorIn(operation, outcome.merged)
    const { cursor: before } = this
    // First, so that whoever joins behind this event does not get it as well.
    if (cursor !== null) this.cursor = cursor
    const event = { text: this.textOf(outcome), cursor }
    let room: Promise<void> | undefined
    options.telemetry.tally.eventsSent += this.members.size
    // Nobody comes in while this goes on; whoever goes has gone.
    for (const { sink } of this.members) room = sink.next(event)
    if (cursor !== null) options.onMoved(this, before)
    if (room && this.members.size === 1 && !this.over) await this.roomOrChange(room)
  }

  /** Whoever is alone is waited for, but for no longer than that: another one must not hang on who reads slowly. */
  private async roomOrChange(room: Promise<void>): Promise<void> {
    const change = new Promise<void>((resolve) => {
      this.wake = resolve
    })
    await Promise.race([room, change])
    this.wake = null
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
    let known: Asking | null = null
    for (const member of this.members) {
      const asking = askingOf(member)
      if (!asking || member.listener.held?.() || this.seen.get(member) !== asking.identity) return null
      known ??= asking
    }
    return known
  }

  /** As whom an event is carried out, once it is known who has ended, and what they may now. */
  private async askingForEvent(): Promise<Asking> {
    if (this.options.everybody) return this.options.everybody
    for (const { listener } of this.members) await listener.held?.()
    const others = [...this.members].filter((member) => this.seen.get(member) !== askingOf(member)?.identity)
    for (const member of others) this.see(member)
    if (others.length > 0) await this.options.onOthers(this)
    return this.asking()
  }

  private see(member: Member): void {
    if (!this.options.everybody) this.seen.set(member, askingOf(member)?.identity)
  }

  private complete(): void {
    for (const { sink } of this.members) sink.complete()
    this.end()
  }

  private fail(error: unknown): void {
    for (const member of [...this.members]) this.refuse(member, error)
    this.end()
  }

  private textOf({ text, errors }: WrittenAnswer): string {
    if (errors.length === 0) return `{"data":${text}}`
    return `{"data":${text},"errors":${JSON.stringify(errors.map((error) => this.options.present(error)))}}`
  }
}

/** A service that stops says so as an answer; where it stopped, another one goes on. */
const isGoingAway = ({ data, errors }: Answer): boolean =>
  data === null && errors.length > 0 && errors.every(({ extensions }) => extensions?.code === 'SUBGRAPH_UNAVAILABLE')

const isRefusal = ({ text, errors }: WrittenAnswer): boolean =>
  text === 'null' && errors.some(({ extensions }) => REFUSALS.has(extensions.code))

/** As whom somebody asks now; null for who has ended. */
function askingOf({ listener }: Member): Asking | null {
  try {
    return listener.asking()
  } catch {
    return null
  }
}

/** What a client is told of what was thrown. */
export function errorOf(reason: unknown): GraphQLError {
  if (reason instanceof RootRefused) return reason.error
  return reason instanceof GraphQLError ? reason : new GraphQLError('', { originalError: reason as Error })
}
