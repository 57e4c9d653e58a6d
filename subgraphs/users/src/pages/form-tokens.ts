import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Config } from '@ashlar/kit/config'
import { type HostCookie, hostCookie } from '@ashlar/kit/session-cookie'

/** What a browser is known by while it has no session. */
export interface FormSecret {
  readonly value: string
  /** It was made just now, and its cookie has to be set. */
  readonly isNew: boolean
}

const SECRET = /^[\w-]{22}$/

/**
 * Tokens against forged requests: a signed double submit. The token in a form is a MAC of a random cookie, so that another site, which
 * can neither read the cookie nor set it (`__Host-`), knows no token that goes with it.
 */
export class FormTokens {
  // Lax: a mailed link opens a page from outside, and must find the secret of the pages that are open already.
  private readonly cookie: HostCookie
  private readonly key: Buffer

  constructor({ publicUrl, secretKey }: Pick<Config, 'publicUrl' | 'secretKey'>) {
    this.cookie = hostCookie(publicUrl, 'Lax', 'form')
    this.key = createHmac('sha256', secretKey).update('ashlar users: form tokens').digest()
  }

  secretOf(cookieHeader: string | undefined): FormSecret {
    const known = this.cookie.parse(cookieHeader)
    return known && SECRET.test(known) ? { value: known, isNew: false } : { value: randomBytes(16).toString('base64url'), isNew: true }
  }

  /** The value of `Set-Cookie` that keeps a new secret. */
  keep(secret: FormSecret): string {
    return this.cookie.serialize(secret.value, null)
  }

  tokenFor(secret: FormSecret): string {
    return createHmac('sha256', this.key).update(secret.value).digest('base64url')
  }

  /** Whether a form was ours, in this browser. */
  matches(secret: FormSecret, token: string): boolean {
    const given = Buffer.from(token)
    const right = Buffer.from(this.tokenFor(secret))
    return !secret.isNew && given.length === right.length && timingSafeEqual(given, right)
  }
}
