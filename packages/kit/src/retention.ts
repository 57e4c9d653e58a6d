import { FORGET_AUDIT } from './audit.js'
import type { Config } from './config.js'
import type { Deps } from './deps.js'
import type { Job, JobHandlers } from './jobs.js'
import { FORGET_EVENTS } from './sql/events.js'
import { FORGET } from './sql/idempotency.js'

const EVERY_SECONDS = 60 * 60
/** Rows of one statement, so that none takes long. */
export const BATCH = 1_000
/** Of the kit's own rows, which are forgotten all at once. */
const STATEMENT_MS = 60_000
/** How much longer an event is kept for a consumer that has not passed it. */
const READER_GRACE_DAYS = 7
/** More than this between the database's clock and the monotonic one, and it was the clock that jumped. */
const JUMP_MS = 10 * 60 * 1_000

/** A statement that deletes the rows of a table that a condition names, at most a batch at once. All of its text is written in code. */
export const expired = (table: string, key: string, where: string): string =>
  `delete from ${table} where ${key} in (select ${key} from ${table} where ${where} limit ${BATCH}) returning 1`

const FAILED_JOBS = expired('job', 'id', "failed_at < clock() - interval '30 days'")

/** Everything that a service keeps has an end; this is where it comes, hourly, in one process at a time. */
export class Retention {
  private clock: { readonly database: number; readonly monotonic: number } | null = null

  /** @param statements what is past its time of the service's own, each as `expired` makes it */
  constructor(
    private readonly deps: Pick<Deps, 'db' | 'log'> & { readonly config: Pick<Config, 'eventRetentionDays'> },
    private readonly statements: readonly string[],
  ) {}

  /** The job, under the name of the service. */
  handlers(): JobHandlers {
    return { [`${this.deps.db.service}.clean`]: { everySeconds: EVERY_SECONDS, run: ({ signal }) => this.clean(signal) } }
  }

  /** Deletes what is past its time, unless the clock has jumped: what is deleted can't be brought back. */
  async clean(signal?: Job['signal']): Promise<void> {
    const { db, log } = this.deps
    if (await this.clockJumped()) {
      log.error('the clock of the database has jumped by more than 10 minutes: nothing is deleted until a restart')
      return
    }
    for (const statement of [...this.statements, FAILED_JOBS]) {
      for (let deleted = BATCH; deleted >= BATCH && !signal?.aborted; ) deleted = (await db.query(statement)).length
    }
    for (const statement of [FORGET, FORGET_AUDIT])
      await db.sqlTransaction((sql) => sql.query(statement), { statementTimeoutMs: STATEMENT_MS })
    await this.forgetEvents(signal)
  }

  private async forgetEvents(signal?: Job['signal']): Promise<void> {
    const { db, config } = this.deps
    for (let forgotten = BATCH; forgotten >= BATCH && !signal?.aborted; ) {
      const [row] = await db.query<{ count: number }>(FORGET_EVENTS, [config.eventRetentionDays, READER_GRACE_DAYS, BATCH])
      forgotten = row?.count ?? 0
    }
  }

  private async clockJumped(): Promise<boolean> {
    const [row] = await this.deps.db.query<{ now: Date }>('select clock() as now')
    const database = row?.now.getTime() ?? 0
    const monotonic = performance.now()
    this.clock ??= { database, monotonic }
    return Math.abs(database - this.clock.database - (monotonic - this.clock.monotonic)) > JUMP_MS
  }
}
