import type { Sql } from '@ashlar/database/sql'
import { writeAudit } from '@ashlar/kit/audit'
import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { badUserInput, conflict, forbidden, notFound, rateLimited, totpRequired, unauthenticated } from '@ashlar/kit/errors'
import { encodeId } from '@ashlar/kit/ids'
import type { OwnAccounts } from './own-account.js'
import { seal, unseal } from './sealing.js'
import { hashOf } from './secrets.js'
import {
  ACCEPT_STEP,
  COUNT_ATTEMPT,
  DISABLE,
  DROP_RECOVERY_CODES,
  ENABLE,
  ENROLL,
  READ_STATE,
  SET_RECOVERY_CODES,
  USE_RECOVERY_CODE,
} from './sql/second-factor.js'
import { isTotpCode, newRecoveryCodes, newTotpSecret, normaliseCode, otpauthOf, stepOf } from './totp.js'

const PURPOSE = 'totp'
const WRONG_MAX = 5

interface Attempt {
  readonly secretSealed: Uint8Array | null
  readonly pendingSealed: Uint8Array | null
  readonly enabled: boolean
  readonly now: Date
}

/** Codes of an authenticator app (RFC 6238) beside whatever else signs somebody in, with recovery codes for a lost phone. */
export class SecondFactor {
  constructor(
    private readonly deps: Pick<Deps, 'db' | 'config'>,
    private readonly ownAccounts: OwnAccounts,
  ) {}

  /**
   * Passes where the account has no second factor, or the code is right: each is accepted once. Five wrong ones pause it for 15 minutes.
   * @throws TOTP_REQUIRED without a code; UNAUTHENTICATED for a wrong one; RATE_LIMITED
   */
  async check(accountId: string, code: string | null | undefined): Promise<void> {
    if (!(await this.isEnabled(accountId))) return
    if (code === null || code === undefined || code.trim() === '') throw totpRequired()
    if (!(await this.accepts(accountId, code))) throw unauthenticated({ message: 'This code is not valid, or no longer.' })
  }

  /** A secret to scan; nothing changes until it is confirmed. @throws FORBIDDEN without a verified address; CONFLICT where it is on */
  async enroll(caller: Caller): Promise<{ readonly otpauthUri: string; readonly secret: string }> {
    const account = await this.ownAccounts.read(caller)
    if (!account.emailVerifiedAt) throw forbidden('A second factor needs a verified e-mail address.')
    const secret = newTotpSecret()
    const [enrolled] = await this.deps.db.query(ENROLL, [account.id, seal(this.deps.config.secretKey, PURPOSE, secret)])
    if (!enrolled) throw conflict({ field: 'totpEnabled', message: 'Two-factor sign-in is on already.' })
    // A colon would part the label in two.
    return otpauthOf(secret, account.username, `Ashlar ${this.deps.config.publicUrl.hostname}`.replaceAll(':', ''))
  }

  /** Turns it on, and answers the recovery codes. @throws BAD_USER_INPUT for a wrong code; NOT_FOUND without a secret to confirm; RATE_LIMITED */
  async confirm(caller: Caller, code: string): Promise<readonly string[]> {
    const account = await this.ownAccounts.read(caller)
    const attempt = account.totpEnabled ? null : await this.attempt(account.id)
    if (!attempt?.pendingSealed) throw notFound()
    const { pendingSealed, now } = attempt
    const step = stepOf(this.unsealed(pendingSealed), normaliseCode(code), now)
    if (step === null) throw wrongCode()
    const codes = newRecoveryCodes()
    await this.deps.db.sqlTransaction(async (sql) => {
      await this.ownAccounts.lock(sql, caller)
      const [enabled] = await sql.query(ENABLE, [account.id, step, pendingSealed])
      if (!enabled) throw notFound()
      await sql.query(DROP_RECOVERY_CODES, [account.id])
      await sql.query(SET_RECOVERY_CODES, [account.id, codes.map((made) => hashOf(normaliseCode(made)))])
      await this.audit(sql, caller, 'user.totp-enable', account.id)
    })
    return codes
  }

  /** Turns it off, by a code of the app or a recovery code; passes where it is off. @throws BAD_USER_INPUT for a wrong code; RATE_LIMITED */
  async disable(caller: Caller, code: string): Promise<void> {
    const { id, totpEnabled } = await this.ownAccounts.read(caller)
    if (!totpEnabled) return
    if (!(await this.accepts(id, code))) throw wrongCode()
    await this.deps.db.sqlTransaction(async (sql) => {
      await this.ownAccounts.lock(sql, caller)
      await sql.query(DISABLE, [id])
      await sql.query(DROP_RECOVERY_CODES, [id])
      await this.audit(sql, caller, 'user.totp-disable', id)
    })
  }

  private async isEnabled(accountId: string): Promise<boolean> {
    const [state] = await this.deps.db.query<{ enabled: boolean }>(READ_STATE, [accountId])
    return state?.enabled ?? false
  }

  private async accepts(accountId: string, given: string): Promise<boolean> {
    const code = normaliseCode(given)
    const { secretSealed, now } = await this.attempt(accountId)
    if (!isTotpCode(code)) return (await this.deps.db.query(USE_RECOVERY_CODE, [accountId, hashOf(code)])).length > 0
    const step = secretSealed && stepOf(this.unsealed(secretSealed), code, now)
    return step !== null && (await this.deps.db.query(ACCEPT_STEP, [accountId, step])).length > 0
  }

  private async attempt(accountId: string): Promise<Attempt> {
    const [attempt] = await this.deps.db.query<Attempt>(COUNT_ATTEMPT, [accountId, WRONG_MAX])
    if (attempt) return attempt
    const [state] = await this.deps.db.query<{ secondsPaused: number | null }>(READ_STATE, [accountId])
    if (!state) throw notFound()
    throw rateLimited(Math.max(1, state.secondsPaused ?? 1))
  }

  private unsealed(sealed: Uint8Array): Buffer {
    return unseal(this.deps.config.secretKey, PURPOSE, sealed)
  }

  private audit(sql: Sql, caller: Caller, action: string, accountId: string): Promise<void> {
    return writeAudit(sql, caller, { action, target: encodeId('user', accountId) })
  }
}

const wrongCode = () => badUserInput(['input', 'code'], 'is not right, or no longer')
