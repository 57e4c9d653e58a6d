import type { Deps } from '@ashlar/kit/deps'
import { IN_GOOD_STANDING, SUSPENDED } from './sql/standings.js'

/** Who may act at all, for services that have lost count of the log. */
export class Standings {
  constructor(private readonly deps: Pick<Deps, 'db'>) {}

  /** The ids of at most `limit` people who are suspended now, in their order, behind `after` where one is named. */
  suspended(after: string | null, limit: number): Promise<string[]> {
    return this.ids(SUSPENDED, [after, limit])
  }

  /** Those of the ids whose account is there and not suspended. */
  inGoodStanding(userIds: readonly string[]): Promise<string[]> {
    return this.ids(IN_GOOD_STANDING, [userIds])
  }

  private async ids(statement: string, values: readonly unknown[]): Promise<string[]> {
    return (await this.deps.db.query<{ id: string }>(statement, values)).map(({ id }) => id)
  }
}
