import type { Sql } from '@ashlar/database/sql'
import type { Deps } from '@ashlar/kit/deps'
import type { ConsumerDefinition } from '@ashlar/kit/events/consumer'
import { type Scheduled, schedule } from './publication.js'
import { AUTHORS, PAUSE, RESUME } from './sql/authors.js'

/** The door of the users service: which of some users have an account that is not suspended. */
const ACCOUNTS_DOOR = 'accounts'
const PAGE = 1_000

/**
 * On whose behalf posts are published and previews opened. Who is suspended or gone is known by the log of the users service: what they
 * had scheduled waits, and goes on where the suspension ends.
 */
export class Authors {
  constructor(private readonly deps: Pick<Deps, 'db' | 'jobs' | 'peers'>) {}

  consumer(): ConsumerDefinition {
    return {
      name: 'posts.of-users',
      source: this.deps.peers('users').log,
      from: 'beginning',
      handle: async ({ type, data }, sql) => {
        const userIds = [String(data.userId)]
        if (type === 'user.suspended' || type === 'user.deleted') await sql.query(PAUSE, [userIds])
        else if (type === 'user.unsuspended') await this.resume(sql, userIds)
      },
      reconcile: () => this.reconcile(),
    }
  }

  /** As it stands with the users service now, for everybody who has written something. */
  private async reconcile(): Promise<void> {
    const { db, peers } = this.deps
    for (let after: string | null = null; ; ) {
      const authors: readonly { userId: string }[] = await db.query<{ userId: string }>(AUTHORS, [after, PAGE])
      if (authors.length === 0) return
      const userIds = authors.map(({ userId }) => userId)
      const active = new Set((await peers('users').ask<{ userIds: string[] }>(ACCOUNTS_DOOR, { userIds })).userIds)
      await db.sqlTransaction(async (sql) => {
        await sql.query(PAUSE, [userIds.filter((id) => !active.has(id))])
        await this.resume(sql, [...active])
      })
      after = userIds.at(-1) ?? null
    }
  }

  /** A job that found its author paused has ended without publishing anything: each gets a new one, for the time that it had. */
  private async resume(sql: Sql, userIds: readonly string[]): Promise<void> {
    for (const post of await sql.query<Scheduled>(RESUME, [userIds])) await schedule(this.deps.jobs, sql, post)
  }
}
