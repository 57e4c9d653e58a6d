import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Logger } from './log.js'
import { FORGET_NUMBERS, USE_NUMBER } from './sql/used-numbers.js'
import { STATEMENT_VALID_SECONDS, type Statement, StatementRefused } from './statements.js'

const FORGET_EVERY_MS = 60_000
const BATCH = 10_000

/**
 * Takes the numbers of statements that are good for one call, such as a mutation's. They are kept in the service's database, so that
 * what was used at one of its processes is used at all of them, and after a restart.
 */
export class UsedNumbers {
  private forgotAt = performance.now()

  constructor(
    private readonly db: ServiceDatabase,
    private readonly log: Logger,
  ) {}

  /** @throws StatementRefused for one that was used; what the database throws */
  async use({ sender, number }: Statement): Promise<void> {
    const [taken] = await this.db.query(USE_NUMBER, [sender, number])
    if (!taken) throw new StatementRefused('REPLAYED')
    if (performance.now() - this.forgotAt < FORGET_EVERY_MS) return
    this.forgotAt = performance.now()
    this.forget().catch((error: unknown) => this.log.warn({ err: error }, 'used numbers could not be forgotten; the next round does it'))
  }

  private async forget(): Promise<void> {
    for (let gone = BATCH; gone === BATCH; ) gone = (await this.db.query(FORGET_NUMBERS, [STATEMENT_VALID_SECONDS, BATCH])).length
  }
}
