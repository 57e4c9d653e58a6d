import { FORGET_AUDIT } from '@ashlar/kit/audit'
import type { Deps } from '@ashlar/kit/deps'
import type { Job, JobHandlers } from '@ashlar/kit/jobs'
import { FORGET } from '@ashlar/kit/sql/idempotency'
import { BATCH, EXPIRED } from './sql/retention.js'

const EVERY_SECONDS = 60 * 60
/** Of rows that are forgotten all at once. */
const STATEMENT_MS = 60_000
/** More than this between the database's clock and the monotonic one, and it was the clock that jumped. */
const JUMP_MS = 10 * 60 * 1_000

/** Everything that is kept has an end; this is where it comes. */
export class Retention {
  private clock: { readonly database: number; readonly monotonic: number } | null = null

  constructor(private readonly deps: Pick<Deps, 'db' | 'log'>) {}

  handlers(): JobHandlers {
    return { 'users.clean': { everySeconds: EVERY_SECONDS, run: (job) => this.clean(job.signal) } }
  }

  /** Deletes what is past its time, unless the clock has jumped: what is deleted can't be brought back. */
  async clean(signal?: Job['signal']): Promise<void> {
    if (await this.clockJumped()) {
      this.deps.log.error('the clock of the database has jumped by more than 10 minutes: nothing is deleted until a restart')
      return
    }
    for (const statement of Object.values(EXPIRED)) {
      let deleted = BATCH
      while (deleted >= BATCH && !signal?.aborted) deleted = (await this.deps.db.query(statement)).length
    }
    for (const statement of [FORGET, FORGET_AUDIT]) {
      await this.deps.db.sqlTransaction((sql) => sql.query(statement), { statementTimeoutMs: STATEMENT_MS })
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
