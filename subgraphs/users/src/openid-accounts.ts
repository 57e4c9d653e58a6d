import type { Sql } from '@ashlar/database/sql'
import type { Deps } from '@ashlar/kit/deps'
import { forbidden, unauthenticated } from '@ashlar/kit/errors'
import { newId } from '@ashlar/kit/ids'
import { parseEmailAddress } from '@ashlar/kit/scalars'
import type { Account } from './account.js'
import { brokenConstraint } from './constraints.js'
import type { Ended, Endings } from './endings.js'
import { checkDisplayName, checkEmail, usernamesFor } from './names.js'
import { insertAccount, takeUsername } from './new-accounts.js'
import type { OpenIdClaims } from './openid/claims.js'
import { revokeAll } from './revocations.js'
import { DROP_EMAIL } from './sql/accounts.js'
import { ACCOUNT_OF_IDENTITY, LINK_IDENTITY, LOCK_HOLDER } from './sql/sign-ins.js'
import type { Throttle } from './throttle.js'

const ATTEMPTS_MAX = 3

/** Whose account it is that somebody signs in to with a provider. */
export class OpenIdAccounts {
  constructor(
    private readonly deps: Pick<Deps, 'db' | 'config'>,
    private readonly throttle: Throttle,
    private readonly endings: Endings,
  ) {}

  /**
   * The account that is linked by issuer and subject; else the one with the same address, where both sides have verified it; else a
   * new one, which counts as a sign-up of the address that it comes from. @throws FORBIDDEN where that is not wanted; RATE_LIMITED
   */
  async accountFor(claims: OpenIdClaims, clientAddress: string): Promise<Account> {
    if (!isSubject(claims.subject)) throw unauthenticated({ message: 'This sign-in is not valid.' })
    for (let attempt = 1; ; attempt += 1) {
      const linked = await this.linked(claims)
      if (linked) return linked
      try {
        const { account, ended } = await this.deps.db.sqlTransaction((sql) => this.link(sql, claims, clientAddress))
        this.endings.add(ended)
        return account
      } catch (error) {
        // Another sign-in of the same person was first: what it made is there now.
        if (attempt >= ATTEMPTS_MAX || brokenConstraint(error) === null) throw error
      }
    }
  }

  private async link(sql: Sql, claims: OpenIdClaims, clientAddress: string): Promise<Linked> {
    const email = claims.emailVerified ? addressOf(claims.email) : null
    const [holder] = email === null ? [] : await sql.query<Account>(LOCK_HOLDER, [email])
    // Whoever only said that it was theirs: the provider knows better.
    const squatted = holder !== undefined && holder.emailVerifiedAt === null
    const ended = squatted ? await this.dispossess(sql, holder.id) : []
    const account = holder && !squatted ? holder : await this.add(sql, claims, email, clientAddress)
    await sql.query(LINK_IDENTITY, [claims.issuer, claims.subject, account.id])
    return { account, ended }
  }

  private async dispossess(sql: Sql, accountId: string): Promise<Ended[]> {
    await sql.query(DROP_EMAIL, [accountId])
    return revokeAll(sql, accountId)
  }

  private async add(sql: Sql, { name }: OpenIdClaims, email: string | null, clientAddress: string): Promise<Account> {
    if (this.deps.config.signUps === 'closed') throw forbidden('This instance takes no sign-ups.')
    // In the transaction: of many at once for one person only the one that makes the account counts.
    await this.throttle.attempt('sign-up', clientAddress, sql)
    const id = newId()
    // Not from their address: that is nobody's to read.
    for (const username of usernamesFor(name)) {
      if (await takeUsername(sql, username, id)) {
        return insertAccount(sql, id, { username, displayName: displayNameOf(name) ?? username, email, emailVerified: email !== null })
      }
    }
    throw new Error('no username was free')
  }

  private async linked({ issuer, subject }: OpenIdClaims): Promise<Account | null> {
    const [account] = await this.deps.db.query<Account>(ACCOUNT_OF_IDENTITY, [issuer, subject])
    return account ?? null
  }
}

interface Linked {
  readonly account: Account
  readonly ended: readonly Ended[]
}

/** OpenID Connect Core, 2: at most 255 ASCII characters. */
const isSubject = (subject: string): boolean => /^[\x20-\x7e]{1,255}$/.test(subject)

/** What a provider says is taken as far as it can be. */
function orNull<T>(check: () => T): T | null {
  try {
    return check()
  } catch {
    return null
  }
}

const addressOf = (email: string | null): string | null => orNull(() => checkEmail(parseEmailAddress(email ?? '')))
const displayNameOf = (name: string | null): string | null => orNull(() => checkDisplayName(name ?? ''))
