import type { Identity } from '@ashlar/kit/caller'
import type { DoorClient } from '@ashlar/kit/doors-client'
import { AshlarError } from '@ashlar/kit/errors'
import type { LogSource } from '@ashlar/kit/events/consumer'
import type { Place } from '@ashlar/kit/events/cursor'
import type { Logger } from '@ashlar/kit/log'
import { Outage } from '@ashlar/kit/outage'
import { type Bearer, type Ended, EndedCredentials, KEPT_SECONDS } from './ended-credentials.js'
import { ENDINGS_TOPIC } from './sql/endings.js'

/** So that, with the reading itself, it is known within 5 s without a hint. */
const READ_EVERY_MS = 3_000
/** The database's time is asked for anew, and with it all that is kept. */
const ANEW_EVERY_MS = 60_000
const STRETCH = 500

interface Snapshot {
  readonly now: string
  readonly ended: readonly (Ended & { readonly endedAt: string })[]
}

export interface RemoteEndingsOptions {
  readonly door: DoorClient
  readonly source: LogSource
  /** A key has another secret. */
  readonly onKeyRenewed: (keyId: string) => void
  readonly log: Logger
}

/**
 * What ended, for a gateway that is a process of its own: all that is kept at first, then what the users service's log tells, on a hint
 * and every few seconds.
 */
export class RemoteEndings {
  private readonly credentials = new EndedCredentials()
  private place: Place | null = null
  private snapshotAt = Number.NEGATIVE_INFINITY
  private reading: Promise<void> | null = null
  private running = false
  private again = false
  private closed = false
  private readonly outage: Outage
  private readonly unsubscribe: () => void
  private readonly timer: NodeJS.Timeout

  constructor(private readonly options: RemoteEndingsOptions) {
    this.outage = new Outage(options.log, {
      fails: 'what ended can not be read; 30 s after it last was, no credential may write',
      worksAgain: 'what ended can be read again',
    })
    this.unsubscribe = options.source.onMoved(() => void this.run())
    this.timer = setInterval(() => void this.run(), READ_EVERY_MS).unref()
    void this.run()
  }

  now(): number {
    return this.credentials.now()
  }

  remaining(bearer: Bearer): Identity | null {
    return this.credentials.remaining(bearer)
  }

  isCurrent(): boolean {
    return this.credentials.isCurrent()
  }

  /** How long ago it was last read; infinite before. */
  ageMs(): number {
    return this.credentials.ageMs()
  }

  /** Is told of each one that ends. @returns what ends that */
  onEnded(listener: () => void): () => void {
    return this.credentials.onNoted(listener)
  }

  /** It is read all the time; only before the first reading there is something to wait for. @throws SUBGRAPH_UNAVAILABLE */
  async fresh(): Promise<void> {
    if (!this.credentials.known) await this.read()
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    this.unsubscribe()
    this.closed = true
    await this.reading?.catch(() => {})
  }

  /** Reads, and once more where there was a hint meanwhile. */
  private async run(): Promise<void> {
    this.again = true
    if (this.running) return
    this.running = true
    while (this.again && !this.closed) {
      this.again = false
      // One that began before the hint may have passed by what it is about.
      await this.reading?.catch(() => {})
      await this.read().then(
        () => this.outage.succeeded(),
        (error: unknown) => this.outage.failed(error),
      )
    }
    this.running = false
  }

  private read(): Promise<void> {
    this.reading ??= this.readOn().finally(() => {
      this.reading = null
    })
    return this.reading
  }

  private async readOn(): Promise<void> {
    if (!this.place || performance.now() - this.snapshotAt > ANEW_EVERY_MS) return this.readAnew()
    try {
      this.place = await this.readStretches(this.place)
      this.credentials.haveRead()
    } catch (error) {
      if (!(error instanceof AshlarError) || error.code !== 'STALE_CURSOR') throw error
      await this.readAnew()
    }
  }

  private async readAnew(): Promise<void> {
    const { door, source } = this.options
    // First where the log stands: what ends between the two is told twice rather than never.
    const { last } = await source.ends()
    const { now, ended } = await door.call<Snapshot>('/doors/endings', { seconds: KEPT_SECONDS })
    // What the log tells since the place of before may be of keys that got another secret.
    if (this.place?.epoch === last.epoch) await this.readStretches(this.place)
    this.credentials.haveRead(new Date(now))
    for (const each of ended) this.credentials.note(each, new Date(each.endedAt).getTime())
    this.place = last
    this.snapshotAt = performance.now()
  }

  private async readStretches(from: Place): Promise<Place> {
    for (let place = from; ; ) {
      const { events, head, epoch } = await this.options.source.read(place, [ENDINGS_TOPIC], STRETCH)
      for (const { type, data } of events) {
        if (type === 'key.renewed') this.options.onKeyRenewed(String(data.id))
        else this.credentials.note(data as unknown as Ended)
      }
      const last = events.length === STRETCH ? events.at(-1) : undefined
      place = { epoch, position: last?.position ?? head }
      if (!last) return place
    }
  }
}
