import { setTimeout as delay } from 'node:timers/promises'
import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Sql } from '@ashlar/database/sql'
import { isDatabaseAway } from './failures.js'
import { newId } from './ids.js'
import type { Logger } from './log.js'
import { BACK_OFF, CANCEL, ENQUEUE, FINISH, HEARTBEAT, PUT_BACK, SCHEDULE, TAKE_DUE } from './sql/jobs.js'

/** How often each process looks for what is due; whoever enqueues something due wakes it at once. */
const LOOK_EVERY_MS = 1_000
const LEASE_SECONDS = 60
/** Jobs of one service that run at once in one process. */
const AT_ONCE = 4
/** The first retry; each further one waits twice as long, up to an hour. */
const RETRY_SECONDS = 2
const ATTEMPTS_MAX = 20
const DRAIN_MS = 5_000
/** How often it is tried to write down a failure while the database is away. */
const AWAY_MS = 500

export interface NewJob {
  readonly kind: string
  readonly payload?: Readonly<Record<string, unknown>>
  /** One job of a kind and key at a time: another takes its place. */
  readonly key?: string
  /** At once unless given. */
  readonly runAt?: Date
}

export interface Job {
  readonly id: string
  readonly kind: string
  readonly payload: Readonly<Record<string, unknown>>
  /** 1 for the first attempt. */
  readonly attempt: number
  /** Aborted when the lease is lost or the process stops. */
  readonly signal: AbortSignal
  /**
   * Marks the job as done in the transaction of its effect, so that both are there or neither. Without it the job is marked after
   * `run`, and an end in between has it run again. @throws LeaseLost where another worker has taken it meanwhile: nothing is written.
   */
  finish(sql: Sql): Promise<void>
}

export interface JobHandler {
  /** At least once: may run again after a failure, or after the process has died. */
  run(job: Job): Promise<void>
  /** Runs by itself, this long after it last ended, in one process at a time. */
  readonly everySeconds?: number
}

export type JobHandlers = Readonly<Record<string, JobHandler>>

/** One run of a job, and what became of it. */
export interface JobRun {
  readonly kind: string
  readonly outcome: 'done' | 'failed' | 'given_up' | 'lease_lost' | 'put_back'
  readonly seconds: number
}

/** A worker that was too slow: what it did is not written. */
export class LeaseLost extends Error {
  override name = 'LeaseLost'
}

/** A service's work for later: rows in its own schema, so that they are written with the change that asks for them. */
export interface JobQueue {
  /** Asks for a job, in the transaction of the change that wants it. */
  enqueue(sql: Sql, job: NewJob): Promise<void>
  /** Takes back what has not begun; what runs can't write its result any more. */
  cancel(sql: Sql, job: { readonly kind: string; readonly key: string }): Promise<void>
  /** After the commit: has what is due run now rather than within a second. */
  wake(): void
  /** What kinds of jobs are worked at here. */
  kinds(): ReadonlySet<string>
  /** Starts working; answers what stops it. */
  start(handlers: JobHandlers): () => Promise<void>
}

interface Row {
  readonly id: string
  readonly kind: string
  readonly payload: Record<string, unknown>
  readonly attempts: number
  readonly leaseNumber: string
}

/**
 * The queue of one service in one process. Rows are taken with SKIP LOCKED under a lease whose number grows with each take, so any
 * number of processes share the work and a worker that overran its lease can't write its result.
 * @param onRun told of each run when it has ended
 */
export function createJobQueue(db: ServiceDatabase, log: Logger, onRun: (run: JobRun) => void = () => {}): JobQueue {
  let wake = () => {}
  let kinds: ReadonlySet<string> = new Set()
  return {
    async enqueue(sql, { kind, payload = {}, key, runAt }) {
      await sql.query(ENQUEUE, [newId(), kind, key ?? null, JSON.stringify(payload), runAt ?? null])
      sql.afterCommit(() => wake())
    },
    async cancel(sql, { kind, key }) {
      await sql.query(CANCEL, [kind, key])
    },
    wake: () => wake(),
    kinds: () => kinds,
    start(handlers) {
      kinds = new Set(Object.keys(handlers))
      if (kinds.size === 0) return async () => {}
      const worker = new Worker(db, log, handlers, onRun)
      wake = () => worker.look()
      worker.look()
      return () => worker.stop()
    },
  }
}

class Worker {
  private readonly stopping = new AbortController()
  private readonly running = new Set<Promise<void>>()
  private readonly timer: NodeJS.Timeout
  private looking = false
  private lookAgain = false
  private scheduled = false

  constructor(
    private readonly db: ServiceDatabase,
    private readonly log: Logger,
    private readonly handlers: JobHandlers,
    private readonly onRun: (run: JobRun) => void,
  ) {
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref()
  }

  /** Takes what is due, as far as there is room. */
  look(): void {
    if (this.stopping.signal.aborted) return
    if (this.looking) {
      this.lookAgain = true
      return
    }
    this.looking = true
    const done = this.takeDue()
      .catch((error: unknown) => this.log.warn({ err: error }, 'jobs could not be looked for'))
      .finally(() => {
        this.running.delete(done)
        this.looking = false
        if (!this.lookAgain) return
        this.lookAgain = false
        this.look()
      })
    this.running.add(done)
  }

  async stop(): Promise<void> {
    clearInterval(this.timer)
    this.stopping.abort()
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, DRAIN_MS)
    })
    await Promise.race([Promise.allSettled(this.running), patience])
    clearTimeout(timer)
  }

  private async takeDue(): Promise<void> {
    await this.schedule()
    const room = AT_ONCE - (this.running.size - 1)
    if (room <= 0) return
    const rows = await this.db.query<Row>(TAKE_DUE, [Object.keys(this.handlers), room, LEASE_SECONDS])
    for (const row of rows) {
      const done = this.work(row).finally(() => {
        this.running.delete(done)
        this.look()
      })
      this.running.add(done)
    }
  }

  /** What runs by itself has a row like any other, made once. */
  private async schedule(): Promise<void> {
    if (this.scheduled) return
    for (const [kind, { everySeconds }] of Object.entries(this.handlers)) {
      if (everySeconds) await this.db.query(SCHEDULE, [newId(), kind])
    }
    this.scheduled = true
  }

  private async work(row: Row): Promise<void> {
    const handler = this.handlers[row.kind]
    if (!handler) return
    const { id, kind, payload, attempts, leaseNumber } = row
    const lost = new AbortController()
    const startedAt = performance.now()
    let outcome: JobRun['outcome'] = 'done'
    let finished = false
    const finish = async (sql: Sql) => {
      const [ended] = await sql.query(FINISH, [id, leaseNumber, handler.everySeconds ?? null])
      if (!ended) throw new LeaseLost(`the lease of ${kind} went to another worker`)
      finished = true
    }
    const beat = setInterval(
      async () => {
        const [held] = await this.db.query(HEARTBEAT, [id, leaseNumber, LEASE_SECONDS]).catch(() => [{}])
        if (!held && !finished) lost.abort(new LeaseLost(`the lease of ${kind} went to another worker`))
      },
      (LEASE_SECONDS * 1000) / 3,
    ).unref()
    try {
      await handler.run({ id, kind, payload, attempt: attempts, signal: AbortSignal.any([lost.signal, this.stopping.signal]), finish })
      if (!finished) await finish(this.db)
    } catch (error) {
      outcome = error instanceof LeaseLost ? 'lease_lost' : await this.failed(row, handler, error)
    } finally {
      clearInterval(beat)
      this.onRun({ kind, outcome, seconds: (performance.now() - startedAt) / 1_000 })
    }
  }

  /** What made a job fail may be the database's being away: it is soon back, and the job need not wait for the end of its lease. */
  private async whileLeased(work: () => Promise<unknown>): Promise<void> {
    for (const end = performance.now() + LEASE_SECONDS * 1_000; ; ) {
      try {
        await work()
        return
      } catch (error) {
        const { signal } = this.stopping
        if (!isDatabaseAway(error) || signal.aborted || performance.now() > end) throw error
        await delay(AWAY_MS, undefined, { signal }).catch(() => {})
      }
    }
  }

  private async failed({ id, kind, attempts, leaseNumber }: Row, handler: JobHandler, error: unknown): Promise<JobRun['outcome']> {
    // Stopped in the middle is not the job's fault: it is given back as it was.
    if (this.stopping.signal.aborted) {
      await this.db.query(PUT_BACK, [id, leaseNumber]).catch(() => {})
      return 'put_back'
    }
    const gaveUp = attempts >= ATTEMPTS_MAX && !handler.everySeconds
    this.log[gaveUp ? 'error' : 'warn'](
      { err: error, job: id, kind, attempt: attempts },
      gaveUp ? 'a job was given up' : 'a job failed and will be tried again',
    )
    const reason = error instanceof Error ? error.message : String(error)
    const seconds = Math.min(RETRY_SECONDS * 2 ** (attempts - 1), 3_600)
    await this.whileLeased(() => this.db.query(BACK_OFF, [id, leaseNumber, seconds, gaveUp, reason.slice(0, 500)])).catch(
      (failure: unknown) => this.log.warn({ err: failure, job: id }, "a failed job could not be put off; its lease's end does"),
    )
    return gaveUp ? 'given_up' : 'failed'
  }
}
