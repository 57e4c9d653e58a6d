import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { LogSource } from '../events/consumer.js'
import type { Logger } from '../log.js'
import type { Read, Sample } from '../metrics.js'
import { SERVICE_STATE } from '../sql/service-state.js'
import { type Lag, lagBehind } from './consumer-lag.js'
import { families } from './families.js'
import { inTime } from './in-time.js'

interface ConsumerRow {
  readonly name: string
  readonly source: string
  readonly epoch: string
  readonly position: number
  readonly lost: boolean
  readonly held: number
  readonly parked: number
  readonly failingSeconds: number | null
}

interface JobRow {
  readonly kind: string
  readonly state: 'later' | 'due' | 'running' | 'failed'
  readonly count: number
  readonly oldestSeconds: number | null
}

interface StateRow {
  /** The database's time, in seconds. */
  readonly now: number
  readonly head: number
  readonly pending: number
  readonly oldestPending: string | null
  readonly consumers: readonly ConsumerRow[]
  readonly jobs: readonly JobRow[]
}

interface State extends StateRow {
  readonly clockOffset: number
}

export interface ServiceStateOptions {
  readonly db: ServiceDatabase
  readonly log: Logger
  /** Kinds of jobs that this release knows: others have one label together. */
  readonly kinds: () => ReadonlySet<string>
  /** What the consumers that run here read, by their names. */
  readonly sources: ReadonlyMap<string, LogSource>
}

/** A database, or another service's log, that has not answered by then counts as away. */
const ANSWER_MS = 1_000
const JOB_STATES = ['later', 'due', 'running', 'failed'] as const
const OTHER = 'other'

const {
  databaseUp,
  clockOffset,
  logHead,
  logPending,
  logPendingAge,
  consumerLag,
  consumerAge,
  consumerLost,
  consumerHeld,
  consumerFailing,
  consumerParked,
  jobs,
  jobsDueAge,
} = families

export const stateFamilies = [
  ...[databaseUp, clockOffset, logHead, logPending, logPendingAge, jobs, jobsDueAge],
  ...[consumerLag, consumerAge, consumerLost, consumerHeld, consumerFailing, consumerParked],
]

/**
 * Reads how a service stands from its database, in one statement, and how far its consumers are behind from the logs that they read. None
 * of them is asked again while it has not answered.
 */
export function serviceState({ db, log, kinds, sources }: ServiceStateOptions): Read {
  const lags = new Map<string, Lag>()
  const asked = new Map<string, Promise<Lag>>()
  let asking: Promise<State> | null = null
  let waiting: { readonly event: string; readonly since: number } | null = null

  async function ask(): Promise<State> {
    const askedAt = Date.now()
    const [row] = await db.query<StateRow>(SERVICE_STATE)
    if (!row) throw new Error('the log has no head')
    // As of the middle of the way there and back.
    return { ...row, clockOffset: row.now - (askedAt + Date.now()) / 2_000 }
  }

  function state(): Promise<State | null> {
    asking ??= ask().finally(() => {
      asking = null
    })
    return inTime(asking, ANSWER_MS).catch((error: unknown) => {
      log.debug({ err: error }, 'how the service stands could not be read')
      return null
    })
  }

  /** An event without a position has no time either: what counts is since when the same one is the oldest. */
  function pendingSeconds(event: string | null): number {
    if (event === null) waiting = null
    else if (waiting?.event !== event) waiting = { event, since: performance.now() }
    return waiting === null ? 0 : (performance.now() - waiting.since) / 1_000
  }

  async function consumerSamples(consumer: ConsumerRow, now: number): Promise<readonly Sample[]> {
    const { name, source } = consumer
    const labels = { consumer: name, source }
    const lag = await lagOf(consumer)
    const age = lag?.oldestAt ? Math.max(0, now - lag.oldestAt.getTime() / 1_000) : lag?.events === 0 ? 0 : null
    return [
      { family: consumerLost, labels, value: consumer.lost ? 1 : 0 },
      { family: consumerHeld, labels, value: consumer.held },
      { family: consumerFailing, labels, value: Math.max(0, consumer.failingSeconds ?? 0) },
      { family: consumerParked, labels, value: consumer.parked },
      ...(lag ? [{ family: consumerLag, labels, value: lag.events }] : []),
      ...(age === null ? [] : [{ family: consumerAge, labels, value: age }]),
    ]
  }

  /** While the source does not answer, by where its log last stood. */
  async function lagOf({ name, epoch, position, lost }: ConsumerRow): Promise<Lag | null> {
    const source = sources.get(name)
    if (!source) return null
    const asking = asked.get(name) ?? lagBehind(source, { epoch, position, lost }).finally(() => asked.delete(name))
    asked.set(name, asking)
    const found = await inTime(asking, ANSWER_MS).catch((error: unknown) => {
      log.debug({ err: error, consumer: name }, 'how far a consumer is behind could not be asked')
      return null
    })
    if (found) {
      lags.set(name, found)
      return found
    }
    const before = lags.get(name)
    if (!before) return null
    const events = Math.max(0, before.head - position)
    return { ...before, events, oldestAt: events > 0 ? before.oldestAt : null }
  }

  return async () => {
    const found = await state()
    if (!found) return [{ family: databaseUp, value: 0 }]
    return [
      { family: databaseUp, value: 1 },
      { family: clockOffset, value: found.clockOffset },
      { family: logHead, value: found.head },
      { family: logPending, value: found.pending },
      { family: logPendingAge, value: pendingSeconds(found.oldestPending) },
      ...jobSamples(found.jobs, kinds()),
      ...(await Promise.all(found.consumers.map((consumer) => consumerSamples(consumer, found.now)))).flat(),
    ]
  }
}

/** All kinds that are known, so that none of them is missing before its first job. */
function jobSamples(rows: readonly JobRow[], kinds: ReadonlySet<string>): Sample[] {
  const found = rows.map((row) => ({ ...row, kind: kinds.has(row.kind) ? row.kind : OTHER }))
  return [...new Set([...kinds, ...found.map(({ kind }) => kind)])].flatMap((kind) => {
    const ofKind = found.filter((row) => row.kind === kind)
    const due = ofKind.filter(({ state }) => state === 'due')
    return [
      ...JOB_STATES.map((state) => ({
        family: jobs,
        labels: { kind, state },
        value: ofKind.reduce((sum, row) => sum + (row.state === state ? row.count : 0), 0),
      })),
      { family: jobsDueAge, labels: { kind }, value: Math.max(0, ...due.map(({ oldestSeconds }) => oldestSeconds ?? 0)) },
    ]
  })
}
