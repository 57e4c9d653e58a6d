import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Sql } from '@ashlar/database/sql'
import { writeAudit } from '@ashlar/kit/audit'
import type { Caller, Identity, RequestInfo } from '@ashlar/kit/caller'
import type { Config } from '@ashlar/kit/config'
import { notFound, unauthenticated } from '@ashlar/kit/errors'
import { encodeId, newId } from '@ashlar/kit/ids'
import { clientOf } from '@ashlar/kit/own-origin'
import type { AccessTokens } from './access-tokens.js'
import { demoMaySignIn } from './demo.js'
import type { Ended, Endings } from './endings.js'
import { fullSession, ownSession } from './guards.js'
import { examine, type Presented, type Refreshed, renew } from './refresh-tokens.js'
import { OWN } from './scopes.js'
import { hashOf, newSecret } from './secrets.js'
import { identityOf, type OpenSession } from './session.js'
import { END_OWN_SESSION, END_SESSION, END_SESSIONS, END_THESE_SESSIONS } from './sql/endings.js'
import { DROP_TOKENS, OPEN_SESSION, RENEW_TOKENS, SESSION_OF_TOKEN } from './sql/sessions.js'
import { networkOf } from './throttle.js'

/** Longer ones are cut: the column is for a person to recognise a device by. */
const USER_AGENT_MAX = 300

export interface Tokens {
  readonly accessToken: string
  readonly accessTokenExpiresAt: Date
  /** Null where it travels in the cookie. */
  readonly refreshToken: string | null
  readonly refreshTokenExpiresAt: Date
}

/** Who has just signed in, and their tokens. */
export interface SignedIn {
  readonly identity: Identity
  readonly tokens: Tokens
}

/** A session in the middle of its transaction: handed out once that is committed. */
export interface Opened {
  readonly session: OpenSession
  readonly refreshToken: string
}

export interface SignInOptions {
  /** How the person got in, for the audit. */
  readonly way: 'sign-up' | 'guest' | 'password' | 'link' | 'reset' | 'openid' | 'code' | 'ownership'
  /** What an app may do of what is the user's own; all of it unless said. */
  readonly scopes?: readonly string[]
  /** The origin or app address that the session is for; from the request's `Origin` unless said. */
  readonly client?: string | null
  /** The password hash that was checked: another one since then, and there is no session. */
  readonly passwordHash?: string | null
  /** When the person proved who they are, if not now. */
  readonly authenticatedAt?: Date
}

/** Sessions: opened by every way in, renewed by their refresh token, and ended. */
export class Sessions {
  constructor(
    private readonly db: ServiceDatabase,
    private readonly config: Config,
    private readonly accessTokens: AccessTokens,
    private readonly endings: Endings,
  ) {}

  /** Signs an account in. @throws UNAUTHENTICATED where it was suspended */
  async signIn(caller: Caller, accountId: string, options: SignInOptions): Promise<SignedIn> {
    return this.hand(caller, await this.open(this.db, caller, accountId, options))
  }

  /** Opens a session, in one statement; `hand` gives its tokens out once that is committed. @throws UNAUTHENTICATED */
  async open(sql: Sql, caller: Caller, accountId: string, options: SignInOptions): Promise<Opened> {
    const { request } = caller
    const refreshToken = newSecret()
    const client = options.client === undefined ? clientOf(request.origin, this.config.publicUrl) : options.client
    const id = newId()
    const [session] = await sql.query<OpenSession>(OPEN_SESSION, [
      id,
      accountId,
      client,
      options.scopes ?? [OWN],
      userAgentOf(request),
      request.clientAddress,
      hashOf(refreshToken),
      options.passwordHash ?? null,
      options.authenticatedAt ?? null,
      this.demoMaySignIn,
      networkOf(request.clientAddress),
      newId(),
      encodeId('session', id),
      JSON.stringify({ way: options.way, client }),
    ])
    if (!session) throw unauthenticated({ message: 'This sign-in is not valid.' })
    return { session, refreshToken }
  }

  /** New tokens for the session that asks, as when a guest becomes an account; all of before are refused. @throws UNAUTHENTICATED */
  async renew(sql: Sql, caller: Caller, { userId, credentialId }: Identity, way: SignInOptions['way']): Promise<Opened> {
    const refreshToken = newSecret()
    await sql.query(DROP_TOKENS, [credentialId])
    const [session] = await sql.query<OpenSession>(RENEW_TOKENS, [credentialId, userId, hashOf(refreshToken)])
    if (!session) throw unauthenticated()
    const target = encodeId('session', session.id)
    await writeAudit(sql, caller, { action: 'user.sign-in', target, actorId: userId, details: { way, client: session.client } })
    return { session, refreshToken }
  }

  /** The tokens of a session whose transaction is committed; in cookie mode the refresh token goes out in the cookie. */
  async hand(caller: Caller, { session, refreshToken }: Opened, inCookie = caller.request.cookieMode): Promise<SignedIn> {
    const identity = identityOf(session)
    const { token, expiresAt } = await this.accessTokens.issue({ identity, generation: session.generation }, session.now)
    if (inCookie) caller.reply.refreshCookie = { value: refreshToken, expiresAt: session.expiresAt }
    return {
      identity,
      tokens: {
        accessToken: token,
        accessTokenExpiresAt: expiresAt,
        refreshToken: inCookie ? null : refreshToken,
        refreshTokenExpiresAt: session.expiresAt,
      },
    }
  }

  /**
   * Swaps a refresh token, from the input or the cookie, for a new pair. The cookie comes by itself with whatever page of the same site
   * asks, and so renews only a session that is for this very page. @throws UNAUTHENTICATED
   */
  async refresh(caller: Caller, given: string | null | undefined): Promise<SignedIn> {
    const { request } = caller
    const token = given ?? request.refreshCookie
    if (!token) throw unauthenticated({ message: 'This needs a refresh token.' })
    const presented: Presented = {
      token,
      userAgent: userAgentOf(request),
      clientAddress: request.clientAddress,
      demo: this.demoMaySignIn,
      clients: given ? 'all' : this.clientsOf(request),
    }
    return this.hand(caller, (await renew(this.db, presented)) ?? (await this.examined(caller, presented)), !given)
  }

  /** Whose a refresh token is, without using it, for the instance's own pages; null where it is not valid, or no longer. */
  async bearerOf(refreshToken: string): Promise<Identity | null> {
    const session = await this.sessionOf(refreshToken)
    return session && identityOf(session)
  }

  /**
   * Ends the session that asks and the one that the page keeps in its cookie, either of which is enough; the cookie goes.
   * @throws UNAUTHENTICATED without both; FORBIDDEN for a key, which has no session
   */
  async signOut(caller: Caller): Promise<void> {
    const { identity, request, reply } = caller
    const asking = identity && ownSession(caller).credentialId
    const kept = request.refreshCookie ? await this.sessionOf(request.refreshCookie) : null
    const ending = [...(asking ? [asking] : []), ...(kept && this.clientsOf(request).includes(kept.client) ? [kept.id] : [])]
    if (ending.length === 0) throw unauthenticated()
    this.endings.add(await this.db.query<Ended>(END_THESE_SESSIONS, [ending]))
    if (request.refreshCookie) reply.refreshCookie = null
  }

  /** @throws NOT_FOUND for a session that is not the caller's */
  async revoke(caller: Caller, sessionId: string): Promise<void> {
    const { userId } = fullSession(caller)
    const ended = await this.db.query<Ended>(END_OWN_SESSION, [userId, sessionId])
    if (ended.length === 0) throw notFound()
    this.endings.add(ended)
  }

  /** Ends all of the caller's sessions but the one that asks; answers how many. */
  async revokeOthers(caller: Caller): Promise<number> {
    const { userId, credentialId } = fullSession(caller)
    const ended = await this.db.query<Ended>(END_SESSIONS, [userId, credentialId])
    this.endings.add(ended)
    return ended.length
  }

  /** What the successor is that a refresh token has already. @throws UNAUTHENTICATED, after what else follows from it */
  private async examined(caller: Caller, presented: Presented): Promise<Opened> {
    const { refreshed, ended } = await this.db.sqlTransaction(async (sql) => {
      const outcome = await examine(sql, presented)
      return { refreshed: outcome, ended: await this.settle(sql, caller, outcome) }
    })
    this.endings.add(ended)
    if (refreshed.outcome !== 'renewed') throw unauthenticated({ message: 'This refresh token is not valid, or no longer.' })
    return refreshed
  }

  /** Of which clients a session is the page's that asks. One with a code of our own origin bears its name (`authorizeClient`). */
  private clientsOf({ origin }: RequestInfo): (string | null)[] {
    return [clientOf(origin, this.config.publicUrl), ...(origin === null ? [] : [origin])]
  }

  private async sessionOf(refreshToken: string): Promise<OpenSession | null> {
    const [session] = await this.db.query<OpenSession>(SESSION_OF_TOKEN, [hashOf(refreshToken), this.demoMaySignIn])
    return session ?? null
  }

  private get demoMaySignIn(): boolean {
    return demoMaySignIn(this.config)
  }

  /** What follows from a refresh in its own transaction: the end of a session, and a line in the audit for all that was refused. */
  private async settle(sql: Sql, caller: Caller, refreshed: Refreshed): Promise<Ended[]> {
    if (refreshed.outcome === 'renewed' || refreshed.outcome === 'unknown') return []
    const { outcome, session } = refreshed
    const ended = outcome === 'refused' || outcome === 'foreign' ? [] : await sql.query<Ended>(END_SESSION, [session.id])
    const target = encodeId('session', session.id)
    await writeAudit(sql, caller, {
      action: 'user.refresh',
      target,
      outcome: 'REFUSED',
      actorId: session.accountId,
      details: { reason: outcome },
    })
    return ended
  }
}

const userAgentOf = ({ userAgent }: RequestInfo): string | null =>
  userAgent
    ?.slice(0, USER_AGENT_MAX)
    .toWellFormed()
    .replace(/\p{Cc}/gu, '') ?? null
