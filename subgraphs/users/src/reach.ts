import type { Deps } from '@ashlar/kit/deps'
import { REACHABLE } from './sql/reach.js'

/** Whether one person may write to, invite or share with another. */
export class Reach {
  constructor(private readonly deps: Pick<Deps, 'db'>) {}

  /**
   * Which of the people somebody may reach, in one statement: who is there, not suspended, and has not blocked them nor is blocked by
   * them. Oneself is among them. Tells no more than that: who is not reached may as well not exist.
   */
  async reachable(callerId: string, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.deps.db.query<{ id: string }>(REACHABLE, [callerId, userIds])
    return new Set(rows.map(({ id }) => id))
  }
}
