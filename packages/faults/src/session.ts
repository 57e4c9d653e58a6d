import { ask } from './client.js'
import type { FaultsFound } from './faults-found.js'
import { untilAcknowledged } from './persistence.js'
import type { Seeded } from './seeded.js'

interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
}

const TOKENS = 'tokens { accessToken refreshToken }'
const SIGN_UP = `mutation ($input: SignUpInput!) { done: signUp(input: $input) { ${TOKENS} } }`
const SIGN_IN = `mutation ($input: SignInInput!) { done: signIn(input: $input) { ${TOKENS} } }`
const REFRESH = `mutation ($input: RefreshSessionInput!) { done: refreshSession(input: $input) { ${TOKENS} } }`
const WHO = '{ viewer { id } }'
/** Long before the access token ends, so that refreshes meet whatever breaks. */
const REFRESH_AFTER_MS = 20_000

export interface SessionOptions {
  readonly urls: readonly string[]
  readonly seeded: Seeded
  readonly found: FaultsFound
}

/** Somebody who is signed in and stays so: refreshes that get no answer are sent again with the same token. */
export class Session {
  refreshes = 0
  private refreshing: Promise<void> | null = null
  private refreshedAt = performance.now()
  private readonly ended = new AbortController()

  private constructor(
    private readonly options: SessionOptions,
    readonly name: string,
    readonly userId: string,
    private tokens: Tokens,
  ) {}

  static signUp(username: string, options: SessionOptions): Promise<Session> {
    const input = { username, email: `${username}@example.com`, password: `a good password of ${username}` }
    return Session.begin(username, SIGN_UP, input, options)
  }

  static signIn({ login, password }: { readonly login: string; readonly password: string }, options: SessionOptions): Promise<Session> {
    return Session.begin(login, SIGN_IN, { login, password }, options)
  }

  private static async begin(name: string, query: string, input: object, options: SessionOptions): Promise<Session> {
    const url = options.urls[0] ?? ''
    const { data, words } = await ask<{ done: { tokens: Tokens } }>(url, query, { input })
    if (!data) throw new Error(`${name} is not signed in: ${words}`)
    const { tokens } = data.done
    const who = await ask<{ viewer: { id: string } }>(url, WHO, {}, { token: tokens.accessToken })
    if (!who.data) throw new Error(`${name} is not known: ${who.words}`)
    return new Session(options, name, who.data.viewer.id, tokens)
  }

  /** For the next operation. */
  get token(): string {
    if (performance.now() - this.refreshedAt > REFRESH_AFTER_MS) void this.refresh()
    return this.tokens.accessToken
  }

  /** One refresh at a time, whoever asks. */
  refresh(): Promise<void> {
    this.refreshing ??= this.refreshNow().finally(() => {
      this.refreshing = null
    })
    return this.refreshing
  }

  /** Resolves when no refresh is under way. */
  async settled(): Promise<void> {
    await this.refreshing
  }

  async end(): Promise<void> {
    this.ended.abort()
    await this.refreshing
  }

  private async refreshNow(): Promise<void> {
    this.refreshedAt = performance.now()
    const { refreshToken } = this.tokens
    const { urls, seeded, found } = this.options
    const acknowledged = await untilAcknowledged<{ done: { tokens: Tokens } }>({
      urls,
      seeded,
      found,
      what: `a refresh of ${this.name}`,
      attempt: (url) => ask(url, REFRESH, { input: { refreshToken } }),
      signal: this.ended.signal,
    })
    if (!acknowledged) return
    this.tokens = acknowledged.data.done.tokens
    this.refreshes += 1
  }
}
