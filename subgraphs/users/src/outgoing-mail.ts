import { createHmac } from 'node:crypto'
import type { Sql } from '@ashlar/database/sql'
import type { Deps } from '@ashlar/kit/deps'
import type { Job, JobHandlers } from '@ashlar/kit/jobs'
import type { Mail } from './mail/words.js'
import type { Mailer } from './mail.js'
import { type MailRequest, MailRequests } from './mail-requests.js'
import { isLive } from './mail-tokens.js'
import { seal, unseal } from './sealing.js'
import type { Throttle } from './throttle.js'

const REQUEST = 'users.mail-request'
const MAIL = 'users.mail'
const PURPOSE = 'mail'

/**
 * Mail in two steps, both of them jobs. A request for one says no more than what was asked for, so that it costs the same whether or
 * not there is an account, and time tells nothing. Working it off decides, makes the token and asks for the mail in one transaction;
 * the mail is tried until it is out. Whatever lies in the job table is sealed: it bears addresses and tokens.
 */
export class OutgoingMail {
  private readonly requests: MailRequests

  constructor(
    private readonly deps: Pick<Deps, 'db' | 'config' | 'jobs'>,
    private readonly mailer: Mailer,
    throttle: Throttle,
  ) {
    this.requests = new MailRequests(deps, throttle)
  }

  /** Asks for a mail in a transaction; of two that ask for the same before it is worked off, one stays. */
  async request(sql: Sql, request: MailRequest): Promise<void> {
    const { kind, ...about } = request
    await this.deps.jobs.enqueue(sql, { kind: REQUEST, key: this.keyOf([kind, ...Object.values(about)]), payload: this.sealed(request) })
  }

  handlers(): JobHandlers {
    return { [REQUEST]: { run: (job) => this.answer(job) }, [MAIL]: { run: (job) => this.send(job) } }
  }

  private async answer(job: Job): Promise<void> {
    const request = this.unsealed<MailRequest>(job)
    if (!(await this.requests.mayMail(request))) return
    await this.deps.db.sqlTransaction(async (sql) => {
      for (const { about, mail } of await this.requests.lettersFor(sql, request)) {
        await this.deps.jobs.enqueue(sql, { kind: MAIL, key: this.keyOf([mail.kind, about]), payload: this.sealed(mail) })
      }
      // Under an older lease, because the same was asked for again meanwhile, all of this is undone: the newest token wins.
      await job.finish(sql)
    })
  }

  private async send(job: Job): Promise<void> {
    const mail = this.unsealed<Mail>(job)
    // After hours without a mail server a link may be dead: expired, used, replaced by a newer one, or its account gone.
    if ('link' in mail && !(await isLive(this.deps.db, new URL(mail.link).hash.slice(1)))) return
    await this.mailer.send(mail, job.signal)
  }

  /** Tells nothing of what it is made of. */
  private keyOf(parts: readonly string[]): string {
    return createHmac('sha256', this.deps.config.secretKey).update(JSON.stringify(parts).toLowerCase()).digest('base64url')
  }

  private sealed(content: object): Record<string, unknown> {
    return { sealed: seal(this.deps.config.secretKey, PURPOSE, Buffer.from(JSON.stringify(content))).toString('base64') }
  }

  private unsealed<Content>(job: Job): Content {
    return JSON.parse(unseal(this.deps.config.secretKey, PURPOSE, Buffer.from(String(job.payload.sealed), 'base64')).toString())
  }
}
