import type { Sql } from '@ashlar/database/sql'
import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import type { Job, JobHandlers, JobQueue } from '@ashlar/kit/jobs'
import { checkMayPublish } from './access.js'
import { checkEditable, edit } from './editing.js'
import { tellChange } from './events.js'
import type { WholePost } from './models.js'
import { END_PREVIEWS } from './sql/previews.js'
import { PUBLISH, PUBLISH_SCHEDULED, UNPUBLISH } from './sql/publication.js'

/** The job that publishes what is scheduled; its key is the post. */
const PUBLISH_JOB = 'post.publish'

/** When a post is there for everyone. */
export class Publication {
  constructor(private readonly deps: Pick<Deps, 'db' | 'config' | 'jobs' | 'events'>) {}

  handlers(): JobHandlers {
    return { [PUBLISH_JOB]: { run: (job) => this.publishScheduled(job) } }
  }

  /**
   * Now, or at another time: one past backdates, one to come schedules, and hides until then what was published already.
   * Published as it is, or scheduled for just that time, it stays as it is, so that a repeat does no harm.
   * @throws NOT_FOUND; FORBIDDEN
   */
  async publish(caller: Caller, postId: string, publishAt: Date | null): Promise<WholePost> {
    const { db, config, jobs } = this.deps
    await checkEditable(db, caller, postId)
    checkMayPublish(caller, config)
    return edit(this.deps, caller, { postId, field: 'publishPost', input: { postId } }, async (sql, post) => {
      if (isSo(post, publishAt)) return post
      const changed = await one(sql, PUBLISH, [postId, publishAt])
      if (changed.status === 'SCHEDULED' && changed.publishedAt) await schedule(jobs, sql, { postId, publishedAt: changed.publishedAt })
      else await cancelPublication(jobs, sql, postId)
      return changed
    })
  }

  /** Back to a draft that nobody else sees, not with an old preview token either. @throws NOT_FOUND; FORBIDDEN */
  async unpublish(caller: Caller, postId: string): Promise<WholePost> {
    const { db, jobs } = this.deps
    await checkEditable(db, caller, postId)
    return edit(this.deps, caller, { postId, field: 'unpublishPost', input: { postId } }, async (sql, post) => {
      if (post.status === 'DRAFT') return post
      await cancelPublication(jobs, sql, postId)
      await sql.query(END_PREVIEWS, [postId])
      return one(sql, UNPUBLISH, [postId])
    })
  }

  /**
   * What the job does when its time has come; nothing for an author who is suspended or gone. The post first and the job second, as
   * publishing takes them, and both or neither: whoever rescheduled, cancelled or resumed meanwhile has taken the lease away.
   */
  async publishScheduled({ payload, finish }: Job): Promise<void> {
    const { db, events } = this.deps
    await db.sqlTransaction(async (sql) => {
      const [published] = await sql.query<WholePost>(PUBLISH_SCHEDULED, [payload.postId])
      await finish(sql)
      if (published) await tellChange(events, sql, null, published)
    })
  }
}

export interface Scheduled {
  readonly postId: string
  readonly publishedAt: Date
}

/** Has a post published when its time has come, which may be now. */
export const schedule = (jobs: JobQueue, sql: Sql, { postId, publishedAt }: Scheduled): Promise<void> =>
  jobs.enqueue(sql, { kind: PUBLISH_JOB, key: postId, payload: { postId }, runAt: publishedAt })

/** Takes back what was scheduled. */
export const cancelPublication = (jobs: JobQueue, sql: Sql, postId: string): Promise<void> =>
  jobs.cancel(sql, { kind: PUBLISH_JOB, key: postId })

function isSo({ status, publishedAt }: WholePost, publishAt: Date | null): boolean {
  if (publishAt === null) return status === 'PUBLISHED'
  return status !== 'DRAFT' && publishAt.getTime() === publishedAt?.getTime()
}

async function one(sql: Sql, text: string, values: readonly unknown[]): Promise<WholePost> {
  const [post] = await sql.query<WholePost>(text, values)
  if (!post) throw new Error('a post that was locked is gone')
  return post
}
