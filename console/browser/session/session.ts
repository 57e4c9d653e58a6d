import { type GraphError, type Operation, send, Unreachable } from './graph.js'
import {
  type Account,
  REFRESH,
  RESET_PASSWORD,
  type SessionAnswer,
  SIGN_IN,
  SIGN_OUT,
  SIGN_UP,
  type SignInInput,
  type SignUpInput,
} from './operations.js'

export type SessionState =
  | { readonly phase: 'restoring' }
  | { readonly phase: 'signed-out' }
  | { readonly phase: 'signed-in'; readonly account: Account }

/** What became of a form that was sent. */
export type Outcome =
  | { readonly kind: 'done' }
  /** The instance wants the address confirmed first. */
  | { readonly kind: 'confirm-email' }
  | { readonly kind: 'refused'; readonly error: GraphError }
  | { readonly kind: 'unreachable' }

interface Token {
  readonly value: string
  /** On this page's own steady clock, in milliseconds. */
  readonly expiresAt: number
}

type Headers = Readonly<Record<string, string>>

/** Has the refresh token travel in an HttpOnly cookie, out of reach of any script. */
const COOKIE_MODE: Headers = { 'Ashlar-Session': 'cookie' }
const RENEW_BEFORE_MS = 60_000
/** Below this a request renews first instead of betting on the way to the server. */
const FRESH_MS = 30_000
const RETRY_MS = 5_000
const RETRY_MS_MAX = 60_000
/** What passes by itself; after any other refusal asking again is of no use. */
const PASSING = new Set(['SUBGRAPH_UNAVAILABLE', 'RATE_LIMITED', 'INTERNAL_SERVER_ERROR'])

/**
 * The session of this browser with this origin. The access token lives in this object alone; after a reload the cookie gives
 * a new one. All tabs share the cookie, so whatever changes it takes its turn, and the others hear of sign-in and sign-out.
 */
export class Session {
  #state: SessionState = { phase: 'restoring' }
  #token: Token | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #retryMs = RETRY_MS
  #renewing: Promise<void> | null = null
  readonly #listeners = new Set<() => void>()
  readonly #tabs = new BroadcastChannel('ashlar-session')

  constructor() {
    this.#tabs.onmessage = () => void this.#renew()
    void this.#renew()
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly state = (): SessionState => this.#state

  signIn(input: SignInInput): Promise<Outcome> {
    return this.#enter({ query: SIGN_IN, variables: { input } })
  }

  signUp(input: SignUpInput): Promise<Outcome> {
    return this.#enter({ query: SIGN_UP, variables: { input: { ...input, idempotencyKey: randomKey() } } })
  }

  signOut(): Promise<Outcome> {
    return outcomeOf(async () => {
      const { answer } = await this.#sendAsCaller({ query: SIGN_OUT }, COOKIE_MODE, (...sent) => inTurn(() => send(...sent)))
      const error = answer.errors?.[0]
      // A session that has ended already is what was asked for.
      if (error && error.extensions?.code !== 'UNAUTHENTICATED') return { kind: 'refused', error }
      this.#leave()
      this.#tabs.postMessage('changed')
      return { kind: 'done' }
    })
  }

  /** Succeeds whether or not the address has an account. */
  requestPasswordReset(email: string): Promise<Outcome> {
    return outcomeOf(async () => {
      const { answer } = await send({ query: RESET_PASSWORD, variables: { input: { email } } })
      const error = answer.errors?.[0]
      return error ? { kind: 'refused', error } : { kind: 'done' }
    })
  }

  /**
   * Sends an operation as whoever is signed in; an `Authorization` among the headers stays as it is.
   * @throws Unreachable
   */
  send(operation: Operation, headers: Headers = {}) {
    const own = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')
    return own ? send(operation, headers) : this.#sendAsCaller(operation, headers, send)
  }

  /** The token of whoever is signed in, good for a while yet; null for nobody. */
  async token(): Promise<string | null> {
    await this.#fresh()
    return this.#token?.value ?? null
  }

  /** A token that the server no longer takes is renewed once: such a request was refused before anything of it ran. */
  async #sendAsCaller(operation: Operation, headers: Headers, deliver: typeof send) {
    await this.#fresh()
    const token = this.#token
    const sent = await deliver(operation, withToken(headers, token))
    if (sent.status !== 401 || !token) return sent
    if (this.#token === token) await this.#renew()
    return this.#token ? deliver(operation, withToken(headers, this.#token)) : sent
  }

  #enter(operation: Operation): Promise<Outcome> {
    return outcomeOf(() =>
      inTurn(async () => {
        // Without a token: this is a sign-in of its own, whoever was here before.
        const { answer, serverTime } = await send<NonNullable<SessionAnswer['data']>>(operation, COOKIE_MODE)
        if (!answer.data?.session) return { kind: 'refused', error: answer.errors?.[0] ?? { message: 'There was no answer.' } }
        if (!answer.data.session.tokens) return { kind: 'confirm-email' }
        this.#take(answer.data.session, serverTime)
        this.#tabs.postMessage('changed')
        return { kind: 'done' }
      }),
    )
  }

  async #fresh(): Promise<void> {
    if (this.#renewing) await this.#renewing
    else if (this.#token && this.#token.expiresAt - performance.now() < FRESH_MS) await this.#renew()
  }

  #renew(): Promise<void> {
    this.#renewing ??= inTurn(() => this.#refresh()).finally(() => {
      this.#renewing = null
    })
    return this.#renewing
  }

  async #refresh(): Promise<void> {
    try {
      const { answer, serverTime } = await send<NonNullable<SessionAnswer['data']>>({ query: REFRESH }, COOKIE_MODE)
      const error = answer.errors?.[0]?.extensions
      if (answer.data?.session) this.#take(answer.data.session, serverTime)
      else if (PASSING.has(error?.code ?? '')) this.#tryAgain(error?.retryAfterSeconds)
      else this.#leave()
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      this.#tryAgain()
    }
    if (this.#state.phase === 'restoring') this.#become({ phase: 'signed-out' })
  }

  #take({ viewer, tokens }: NonNullable<NonNullable<SessionAnswer['data']>['session']>, serverTime: number): void {
    if (!tokens) return
    this.#retryMs = RETRY_MS
    // By the server's clock on both ends: this machine's may be hours off.
    const lastsMs = Date.parse(tokens.accessTokenExpiresAt) - serverTime
    this.#token = { value: tokens.accessToken, expiresAt: performance.now() + lastsMs }
    this.#renewLater(Math.max(lastsMs - RENEW_BEFORE_MS, RETRY_MS))
    const user = viewer?.user ?? { username: '', displayName: 'Signed in', role: null }
    this.#become({ phase: 'signed-in', account: { ...user, email: viewer?.email ?? null } })
  }

  #leave(): void {
    clearTimeout(this.#timer)
    this.#token = null
    this.#become({ phase: 'signed-out' })
  }

  /** The token stays as long as it lasts; between attempts it waits twice as long each time. */
  #tryAgain(afterSeconds = 0): void {
    this.#renewLater(Math.max(this.#retryMs, afterSeconds * 1_000))
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX)
  }

  #renewLater(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#renew(), ms)
  }

  #become(state: SessionState): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}

const withToken = (headers: Headers, token: Token | null): Headers =>
  token ? { ...headers, authorization: `Bearer ${token.value}` } : headers

async function outcomeOf(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Unreachable) return { kind: 'unreachable' }
    throw error
  }
}

let last: Promise<unknown> = Promise.resolve()

/**
 * One change of the cookie at a time, over all tabs: an answer that comes late must not undo a later one. Locks exist in secure
 * contexts only; elsewhere the turns are this tab's alone.
 */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if ('locks' in navigator) return navigator.locks.request('ashlar-session', work)
  const turn = last.then(work, work)
  last = turn
  return turn
}

const randomKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
