import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Sql } from '@ashlar/database/sql'
import type { Caller, Identity, Role } from '@ashlar/kit/caller'
import type { Config } from '@ashlar/kit/config'
import { isLoopback } from '@ashlar/kit/config'
import { notFound, unauthenticated } from '@ashlar/kit/errors'
import { newId } from '@ashlar/kit/ids'
import type { AccessTokens } from './access-tokens.js'
import type { Endings } from './endings.js'
import { fullSession, ownSession } from './guards.js'
import { clientOf } from './origins.js'
import { rotate } from './refresh-tokens.js'
import { OWN, scopesOfRole } from './scopes.js'
import { hashOf, newSecret } from './secrets.js'
import { END_OWN_SESSION, END_SESSION, END_SESSIONS, OPEN_SESSION, RENEW_TOKENS } from './sql/sessions.js'
import { networkOf } from './throttle.js'

/** Longer ones are cut: the column is for a person to recognise a device by. */
const USER_AGENT_MAX = 300

export interface Session {
  readonly id: string
  readonly accountId: string
  readonly client: string | null
  readonly scopes: readonly string[]
  readonly userAgent: string | null
  readonly ipAddress: string | null
  readonly createdAt: Date
  readonly authenticatedAt: Date
  readonly lastUsedAt: Date
  readonly expiresAt: Date
}

/** A session with what an access token says of its owner, and the database's time. */
export interface OpenSession extends Session {
  readonly role: Role
  readonly generation: number
  readonly now: Date
}

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

export interface SignInOptions {
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

  /** Signs an account in and answers its tokens; in cookie mode the refresh token goes out in the cookie. @throws UNAUTHENTICATED */
  async signIn(user: { readonly id: string }, caller: Caller, options: SignInOptions = {}): Promise<Tokens> {
    return (await this.open(user.id, caller, options)).tokens
  }

  /** The same, with who it is. `sql` where it belongs to a transaction. @throws UNAUTHENTICATED where the account was suspended. */
  async open(accountId: string, caller: Caller, options: SignInOptions = {}, sql: Sql = this.db): Promise<SignedIn> {
    const { request } = caller
    const refreshToken = newSecret()
    const client = options.client === undefined ? clientOf(request.origin, this.config) : options.client
    const [session] = await sql.query<OpenSession>(OPEN_SESSION, [
      newId(),
      accountId,
      client,
      options.scopes ?? [OWN],
      request.userAgent?.slice(0, USER_AGENT_MAX) ?? null,
      request.clientAddress,
      hashOf(refreshToken),
      options.passwordHash ?? null,
      options.authenticatedAt ?? null,
      isLoopback(this.config.host),
      networkOf(request.clientAddress),
    ])
    if (!session) throw unauthenticated({ message: 'This account can not sign in.' })
    return this.hand(session, refreshToken, caller, request.cookieMode)
  }

  /** New tokens for a session that goes on, as when a guest becomes an account. */
  async renew(sessionId: string, caller: Caller, sql: Sql): Promise<SignedIn> {
    const refreshToken = newSecret()
    await sql.query('delete from refresh_token where session_id = $1', [sessionId])
    const [session] = await sql.query<OpenSession>(RENEW_TOKENS, [sessionId, hashOf(refreshToken)])
    if (!session) throw unauthenticated()
    return this.hand(session, refreshToken, caller, caller.request.cookieMode)
  }

  /** Swaps a refresh token, from the input or the cookie, for a new pair. @throws UNAUTHENTICATED */
  async refresh(given: string | null | undefined, caller: Caller): Promise<SignedIn> {
    const { request } = caller
    const presented = given ?? request.refreshCookie
    if (!presented) throw unauthenticated({ message: 'This needs a refresh token.' })
    const refreshed = await rotate(this.db, presented, { ...request, userAgent: request.userAgent?.slice(0, USER_AGENT_MAX) ?? null })
    if (refreshed.outcome === 'revoked') await this.endings.read()
    if (refreshed.outcome !== 'renewed') throw unauthenticated({ message: 'This refresh token is not valid, or no longer.' })
    return this.hand(refreshed.session, refreshed.refreshToken, caller, !given)
  }

  /** Ends the session that asks. */
  async signOut(caller: Caller): Promise<void> {
    const { credentialId } = ownSession(caller)
    await this.ended(() => this.db.query(END_SESSION, [credentialId]))
    if (caller.request.refreshCookie) caller.reply.refreshCookie = null
  }

  /** @throws NOT_FOUND for a session that is not the caller's. */
  async revoke(caller: Caller, sessionId: string): Promise<void> {
    const { userId } = fullSession(caller)
    const ended = await this.ended(() => this.db.query(END_OWN_SESSION, [userId, sessionId]))
    if (ended.length === 0) throw notFound()
  }

  /** Ends all of the caller's sessions but the one that asks; answers how many. */
  async revokeOthers(caller: Caller): Promise<number> {
    const { userId, credentialId } = fullSession(caller)
    return (await this.ended(() => this.db.query(END_SESSIONS, [userId, credentialId]))).length
  }

  /** Has this process refuse at once what `work` ended; other processes read it within 5 s. */
  async ended<T>(work: () => Promise<T>): Promise<T> {
    const result = await work()
    await this.endings.read()
    return result
  }

  private async hand(session: OpenSession, refreshToken: string, caller: Caller, inCookie: boolean): Promise<SignedIn> {
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
}

/** What a session may do: an app's never bears its owner's role. */
function identityOf({ id, accountId, role, client, scopes, authenticatedAt }: OpenSession): Identity {
  return {
    userId: accountId,
    role,
    credential: client === null ? 'session' : 'app',
    credentialId: id,
    scopes: client === null ? [OWN, ...scopesOfRole(role)] : scopes,
    authenticatedAt,
  }
}
