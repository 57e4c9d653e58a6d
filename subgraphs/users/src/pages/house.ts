import type { Config } from '@ashlar/kit/config'
import type { Deps } from '@ashlar/kit/deps'
import type { Logger } from '@ashlar/kit/log'
import { type HostCookie, hostCookie, sessionCookie } from '@ashlar/kit/session-cookie'
import type { Services } from '../services.js'
import { Throttle } from '../throttle.js'
import { FormTokens } from './form-tokens.js'
import { Seals } from './seals.js'

/** What all pages of one instance share. */
export interface House {
  readonly services: Services
  readonly config: Config
  readonly log: Logger
  readonly seals: Seals
  readonly throttle: Throttle
  readonly formTokens: FormTokens
  /** Holds the refresh token of the pages' own session. */
  readonly sessionCookie: HostCookie
  /** Holds what was agreed with an OpenID provider. Lax: the way back comes from another site. */
  readonly attemptCookie: HostCookie
}

export const houseOf = (services: Services, { config, db, log }: Deps): House => ({
  services,
  config,
  log,
  seals: new Seals(db, config.secretKey),
  throttle: new Throttle(db),
  formTokens: new FormTokens(config),
  sessionCookie: sessionCookie(config.publicUrl, null),
  attemptCookie: hostCookie(config.publicUrl, 'Lax', 'attempt'),
})
