import { createHash, timingSafeEqual } from 'node:crypto'
import { writeAudit } from '@ashlar/kit/audit'
import type { Caller } from '@ashlar/kit/caller'
import { Checks } from '@ashlar/kit/checks'
import type { Deps } from '@ashlar/kit/deps'
import { badUserInput, unauthenticated } from '@ashlar/kit/errors'
import { encodeId } from '@ashlar/kit/ids'
import type { AllowedClients } from './allowed-clients.js'
import type { Ended, Endings } from './endings.js'
import { fullSession } from './guards.js'
import type { OwnAccounts } from './own-account.js'
import { checkAppScopes } from './scopes.js'
import { hashOf, newSecret } from './secrets.js'
import type { Opened, Sessions, SignedIn } from './sessions.js'
import { ADD_CODE, LOCK_CODE, USE_CODE } from './sql/authorization-codes.js'
import { END_SESSION } from './sql/endings.js'

/** 128 bits. */
const CODE_BYTES = 16
/** RFC 7636, 4.2: the base64url of a SHA-256. */
const CHALLENGE = /^[\w-]{43}$/
/** RFC 7636, 4.1. */
const VERIFIER = /^[\w.~-]{43,128}$/

interface Code {
  readonly accountId: string
  readonly client: string
  readonly codeChallenge: string
  readonly scopes: readonly string[]
  readonly authenticatedAt: Date
  readonly expired: boolean
  readonly used: boolean
  readonly sessionId: string | null
}

export interface AuthorizeInput {
  readonly client: string
  readonly codeChallenge: string
  readonly scopes?: readonly string[] | null | undefined
}

export interface ExchangeInput {
  readonly code: string
  readonly codeVerifier: string
}

/** How an app on another origin, or a native one, gets a session of its own: a code for its challenge, and tokens for its verifier. */
export class AuthorizationCodes {
  constructor(
    private readonly deps: Pick<Deps, 'db'>,
    private readonly ownAccounts: OwnAccounts,
    private readonly allowedClients: AllowedClients,
    private readonly sessions: Sessions,
    private readonly endings: Endings,
  ) {}

  /** A code that is good for 60 s. @throws BAD_USER_INPUT for a client that is not on the list; FORBIDDEN for apps and keys, and for a role's scopes */
  async authorize(caller: Caller, input: AuthorizeInput): Promise<{ readonly code: string; readonly expiresAt: Date }> {
    fullSession(caller)
    const listed = await this.allowedClients.includes(input.client)
    const checks = new Checks()
    const { scopes } = checks.pass({
      client: checks.run(() => orBad(listed, 'client', 'is not on the list of this instance')),
      challenge: checks.run(() => orBad(CHALLENGE.test(input.codeChallenge), 'codeChallenge', 'is the base64url of a SHA-256')),
      scopes: checks.run(() => checkAppScopes(input.scopes)),
    })
    const code = newSecret(CODE_BYTES)
    return this.deps.db.sqlTransaction(async (sql) => {
      const { id, authenticatedAt } = await this.ownAccounts.lock(sql, caller)
      const values = [hashOf(code), id, input.client, input.codeChallenge, scopes, authenticatedAt]
      const [added] = await sql.query<{ expiresAt: Date }>(ADD_CODE, values)
      if (!added) throw new Error('a code was not written')
      return { code, expiresAt: added.expiresAt }
    })
  }

  /** A session for the app that the code was made for. A second use ends the session of the first. @throws UNAUTHENTICATED */
  async exchange(caller: Caller, { code, codeVerifier }: ExchangeInput): Promise<SignedIn> {
    const { opened, ended } = await this.use(caller, hashOf(code), codeVerifier)
    this.endings.add(ended)
    if (!opened) throw unauthenticated({ message: 'This code is not valid, or no longer.' })
    return this.sessions.hand(caller, opened)
  }

  // What ends here has to be committed, so the outcome is returned and not thrown.
  private use(
    caller: Caller,
    hash: Buffer,
    verifier: string,
  ): Promise<{ readonly opened: Opened | null; readonly ended: readonly Ended[] }> {
    return this.deps.db.sqlTransaction(async (sql) => {
      const [code] = await sql.query<Code>(LOCK_CODE, [hash])
      if (!code) return { opened: null, ended: [] }
      const { accountId, client, scopes, authenticatedAt, sessionId } = code
      if (code.used) {
        const ended = await sql.query<Ended>(END_SESSION, [sessionId])
        const target = sessionId && encodeId('session', sessionId)
        await writeAudit(sql, caller, { action: 'user.code-replay', outcome: 'REFUSED', target, actorId: accountId })
        return { opened: null, ended }
      }
      if (code.expired || !isFor(client, caller) || !proves(verifier, code.codeChallenge)) return { opened: null, ended: [] }
      const opened = await this.sessions.open(sql, caller, accountId, { way: 'code', client, scopes, authenticatedAt })
      await sql.query(USE_CODE, [hash, opened.session.id])
      return { opened, ended: [] }
    })
  }
}

/** A page presents its code from its own origin, which no page can make up; a native app sends none. */
const isFor = (client: string, { request }: Caller): boolean => request.origin === (/^https?:/i.test(client) ? client : null)

const proves = (verifier: string, challenge: string): boolean =>
  VERIFIER.test(verifier) && timingSafeEqual(createHash('sha256').update(verifier).digest(), Buffer.from(challenge, 'base64url'))

function orBad(right: boolean, name: string, message: string): void {
  if (!right) throw badUserInput(['input', name], message)
}
