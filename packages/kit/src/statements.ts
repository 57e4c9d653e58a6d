import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Asking, Identity, RequestInfo } from './caller.js'
import { GATEWAY, type PairKeys, pairOf } from './internal-keys.js'

/** The one header that a call to another process carries. */
export const STATEMENT_HEADER = 'ashlar-statement'

/** What a socket's statement is over: the protocol that it opens. */
export const SOCKET_BODY = 'graphql-transport-ws'

export type StatementFault =
  | 'MISSING'
  | 'MALFORMED'
  | 'UNKNOWN_SENDER'
  | 'FORGED'
  | 'OTHER_AUDIENCE'
  | 'OTHER_NAMESPACE'
  | 'OTHER_DOOR'
  | 'OTHER_BODY'
  | 'EXPIRED'
  | 'REPLAYED'
  | 'NOT_ALLOWED'

/** A call that gets no answer. The code is for our own log: whoever calls is told nothing. */
export class StatementRefused extends Error {
  override name = 'StatementRefused'

  constructor(readonly code: StatementFault) {
    super(`the statement was refused: ${code}`)
  }
}

/** What a process says of itself and of whom it asks for. */
export interface Statement {
  /** The process's name; that of its key. */
  readonly sender: string
  /** As whom it asks; null: as the system, which only doors between services take. */
  readonly asking: Asking | null
  /** For how long it will still be taken. */
  readonly expiresInMs: number
  /** One that no other statement of the sender has, for what may be done once. */
  readonly number: string
}

export interface Outgoing {
  readonly audience: string
  /** The path that it is for. */
  readonly door: string
  readonly body: string | Uint8Array
  readonly asking: Asking | null
}

export interface Incoming {
  readonly header: string | undefined
  readonly door: string
  readonly body: string | Uint8Array
}

/** What is signed, spelled short: it goes out with every fetch. */
interface Claims {
  /** Sender, audience, namespace, door. */
  readonly s: string
  readonly a: string
  readonly n: string
  readonly d: string
  /** SHA-256 of the body. */
  readonly b: string
  /** When it was made, in seconds. */
  readonly t: number
  /** A number that no other statement has. */
  readonly i: string
  /** As whom; null: nobody, 0: the system. */
  readonly w: readonly [string, Identity['role'], Identity['credential'], string, readonly string[], number | null] | null | 0
  /** The request: id, client address, user agent, origin, cookie mode, refresh token of the cookie. */
  readonly r: readonly [string, string, string | null, string | null, 0 | 1, string | null]
}

const LIFETIME_SECONDS = 60
const LEEWAY_SECONDS = 30
/** From the earliest to the latest moment at which one statement is taken, by clocks that differ by the leeway. */
export const STATEMENT_VALID_SECONDS = LIFETIME_SECONDS + 2 * LEEWAY_SECONDS
const LENGTH_MAX = 12_000
const NUMBER_BYTES = 9
const SECOND_MAC = 'handed back:'

export interface StatementsOptions {
  /** Of this process: a service's, or `gateway`. */
  readonly name: string
  readonly keys: PairKeys
  /** Statements of one namespace open nothing in another. */
  readonly namespace?: string
}

/**
 * Signed statements between processes (security.md): who sends it, to whom, for which door, with which body, as whom. HMAC-SHA-256 under
 * the key of sender and audience, so that a process can be neither impersonated nor used against a third one. Their times are those of
 * the processes' clocks, with a leeway: they protect a call, and decide nothing about data.
 */
export class Statements {
  readonly name: string
  private readonly keys: PairKeys
  private readonly namespace: string
  /** A random beginning and a count: unique without asking for random bytes each time. */
  private readonly begins = randomBytes(NUMBER_BYTES).toString('base64url')
  private count = 0

  constructor({ name, keys, namespace = '' }: StatementsOptions) {
    this.name = name
    this.keys = keys
    this.namespace = namespace
  }

  /** The header's value. @throws Error where there is no key towards the audience */
  sign({ audience, door, body, asking }: Outgoing): string {
    const key = this.keys.get(pairOf(this.name, audience))
    if (!key) throw new Error(`INTERNAL_KEYS has no key from ${this.name} to ${audience}`)
    this.count += 1
    const claims: Claims = {
      s: this.name,
      a: audience,
      n: this.namespace,
      d: door,
      b: hashOf(body),
      t: Math.floor(Date.now() / 1_000),
      i: `${this.begins}${this.count.toString(36)}`,
      ...whoIs(asking),
    }
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
    const signed = `${payload}.${mac(key, payload)}`
    const second = this.keys.get(pairOf(GATEWAY, GATEWAY))
    return second ? `${signed}.${mac(second, SECOND_MAC + payload)}` : signed
  }

  /** Who calls, and as whom. @throws StatementRefused */
  verify({ header, door, body }: Incoming): Statement {
    const { claims, payload, first } = this.read(header)
    const key = this.keys.get(pairOf(claims.s, this.name))
    if (!key || claims.s === this.name) throw new StatementRefused('UNKNOWN_SENDER')
    if (!same(first, mac(key, payload))) throw new StatementRefused('FORGED')
    if (claims.a !== this.name) throw new StatementRefused('OTHER_AUDIENCE')
    if (claims.d !== door) throw new StatementRefused('OTHER_DOOR')
    if (claims.b !== hashOf(body)) throw new StatementRefused('OTHER_BODY')
    return this.statementOf(claims)
  }

  /**
   * As whom a service asks that hands back what a gateway told it. Only a gateway's second MAC is believed, and only a statement that
   * was for that very service. @throws StatementRefused
   */
  verifyHandedBack(header: string | undefined, by: string): Statement {
    const { claims, payload, second } = this.read(header)
    const key = this.keys.get(pairOf(GATEWAY, GATEWAY))
    if (!key || second === undefined || !same(second, mac(key, SECOND_MAC + payload))) throw new StatementRefused('FORGED')
    if (claims.s !== GATEWAY) throw new StatementRefused('UNKNOWN_SENDER')
    if (claims.a !== by) throw new StatementRefused('OTHER_AUDIENCE')
    return this.statementOf(claims)
  }

  private read(header: string | undefined) {
    if (!header) throw new StatementRefused('MISSING')
    const [payload = '', first, second, ...more] = header.length > LENGTH_MAX ? [] : header.split('.')
    if (first === undefined || more.length > 0) throw new StatementRefused('MALFORMED')
    return { claims: claimsOf(payload), payload, first, second }
  }

  private statementOf(claims: Claims): Statement {
    if (claims.n !== this.namespace) throw new StatementRefused('OTHER_NAMESPACE')
    const now = Date.now() / 1_000
    const left = claims.t + LIFETIME_SECONDS + LEEWAY_SECONDS - now
    if (left <= 0 || claims.t > now + LEEWAY_SECONDS) throw new StatementRefused('EXPIRED')
    return { sender: claims.s, asking: askingOf(claims), expiresInMs: left * 1_000, number: claims.i }
  }
}

const mac = (key: Buffer, text: string): string => createHmac('sha256', key).update(text).digest('base64url')

const hashOf = (body: string | Uint8Array): string => createHash('sha256').update(body).digest('base64url')

function same(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}

/** Not believed yet; whatever it may be, it has the form of claims, or is refused. */
function claimsOf(payload: string): Claims {
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims
    const texts = [claims.s, claims.a, claims.n, claims.d, claims.b, claims.i]
    if (texts.every((text) => typeof text === 'string') && typeof claims.t === 'number' && isWho(claims.w) && isRequest(claims.r))
      return claims
  } catch {
    // As below.
  }
  throw new StatementRefused('MALFORMED')
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isTextOrNull = (value: unknown): boolean => value === null || isText(value)

function isWho(who: unknown): boolean {
  if (who === null || who === 0) return true
  if (!Array.isArray(who)) return false
  const [userId, role, credential, credentialId, scopes, at] = who
  const whole = [userId, role, credential, credentialId].every(isText) && (at === null || typeof at === 'number')
  return whole && Array.isArray(scopes) && scopes.every(isText)
}

function isRequest(request: unknown): boolean {
  if (!Array.isArray(request)) return false
  const [id, address, userAgent, origin, cookieMode, cookie] = request
  const whole = isText(id) && isText(address) && (cookieMode === 0 || cookieMode === 1)
  return whole && [userAgent, origin, cookie].every(isTextOrNull)
}

const NO_REQUEST: Claims['r'] = ['internal', '127.0.0.1', null, null, 0, null]

function whoIs(asking: Asking | null): Pick<Claims, 'w' | 'r'> {
  if (!asking) return { w: 0, r: NO_REQUEST }
  const { identity, request } = asking
  const { id, clientAddress, userAgent, origin, cookieMode, refreshCookie } = request
  const r: Claims['r'] = [id, clientAddress, userAgent, origin, cookieMode ? 1 : 0, refreshCookie]
  if (!identity) return { w: null, r }
  const { userId, role, credential, credentialId, scopes, authenticatedAt } = identity
  return { w: [userId, role, credential, credentialId, scopes, authenticatedAt?.getTime() ?? null], r }
}

function askingOf({ w, r }: Claims): Asking | null {
  if (w === 0) return null
  const [id, clientAddress, userAgent, origin, cookieMode, refreshCookie] = r
  const request: RequestInfo = { id, clientAddress, userAgent, origin, cookieMode: cookieMode === 1, refreshCookie }
  if (w === null) return { identity: null, request, reply: {} }
  const [userId, role, credential, credentialId, scopes, at] = w
  const authenticatedAt = at === null ? null : new Date(at)
  return { identity: { userId, role, credential, credentialId, scopes, authenticatedAt }, request, reply: {} }
}
