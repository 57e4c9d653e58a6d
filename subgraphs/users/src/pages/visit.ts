import { randomUUID } from 'node:crypto'
import { type Caller, callerOf, type Identity, type Reply, type RequestInfo } from '@ashlar/kit/caller'
import type { FastifyRequest } from 'fastify'
import type { FormSecret } from './form-tokens.js'
import type { House } from './house.js'
import { ownPath } from './own-path.js'

const USER_AGENT_MAX = 500
const NO_FIELDS = new URLSearchParams()

/** One request of a browser to one of our pages. */
export class Visit {
  /** Who comes; nobody until `recognise`. What it signs in gets a full session, its refresh token in the cookie. */
  caller: Caller
  readonly formSecret: FormSecret
  /** Where the person wanted to go before they had to sign in. */
  returnTo: string | null
  /** The query that it came with. Of the request's target nothing else is used: it may be whole, with a host that a stranger chose. */
  readonly search: string
  /** Values of `Set-Cookie` that go out with the answer. */
  readonly cookies: string[] = []
  private readonly fields: URLSearchParams

  constructor(
    readonly house: House,
    readonly request: FastifyRequest,
  ) {
    this.caller = this.callerFor(null, {})
    this.formSecret = house.formTokens.secretOf(request.headers.cookie)
    this.fields = request.body instanceof URLSearchParams ? request.body : NO_FIELDS
    this.search = searchOf(request.url)
    this.returnTo = ownPath(this.fields.get('return') ?? new URLSearchParams(this.search).get('return'), house.config.publicUrl)
  }

  /** Finds out whose session the cookie is. Changes nothing of it, so that a page may be opened twice at once. */
  async recognise(): Promise<void> {
    const { refreshCookie } = this.caller.request
    if (refreshCookie) this.caller = this.callerFor(await this.house.services.sessions.bearerOf(refreshCookie), this.caller.reply)
  }

  /** The same browser as somebody else, with an answer of its own. */
  callerFor(identity: Identity | null, reply: Reply): Caller {
    return callerOf({ identity, request: this.caller?.request ?? requestInfo(this.house, this.request), reply }, 'users', 'write')
  }

  get host(): string {
    return this.house.config.publicUrl.host
  }

  /** What was filled in, as it is; '' where it was not. */
  field(name: string): string {
    return this.fields.get(name) ?? ''
  }

  /** What goes into each form, and has to come back with it. */
  get formToken(): string {
    return this.house.formTokens.tokenFor(this.formSecret)
  }
}

const searchOf = (target: string): string => target.match(/^[^?#]*(\?[^#]*)/)?.[1] ?? ''

const requestInfo = (house: House, { headers, ip }: FastifyRequest): RequestInfo => ({
  id: randomUUID(),
  clientAddress: ip,
  userAgent: headers['user-agent']?.slice(0, USER_AGENT_MAX) ?? null,
  // That it comes from a page of our own was checked before anything else (same-origin.ts).
  origin: null,
  cookieMode: true,
  refreshCookie: house.sessionCookie.parse(headers.cookie),
})
