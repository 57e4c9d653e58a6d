import type { Deps } from '@ashlar/kit/define-subgraph'
import { AccessTokens } from './access-tokens.js'
import { AllowedClients } from './allowed-clients.js'
import { AuthorizationCodes } from './authorization-codes.js'
import { Credentials } from './credentials.js'
import { EmailAddresses } from './email-addresses.js'
import { Endings } from './endings.js'
import { OpenId } from './openid.js'
import { Ownership } from './ownership.js'
import { PasswordResets } from './password-resets.js'
import { Sessions } from './sessions.js'
import { SignInLinks } from './sign-in-links.js'
import { SignIns } from './sign-ins.js'
import { SignUps } from './sign-ups.js'
import { SigningKeys } from './signing-keys.js'

export interface Services {
  readonly signUps: SignUps
  readonly signIns: SignIns
  readonly signInLinks: SignInLinks
  readonly passwordResets: PasswordResets
  readonly emailAddresses: EmailAddresses
  readonly ownership: Ownership
  readonly sessions: Sessions
  readonly authorizationCodes: AuthorizationCodes
  readonly allowedClients: AllowedClients
  readonly openId: OpenId
  readonly credentials: Credentials
  readonly signingKeys: SigningKeys
}

/** What this service is made of, wired once an instance. */
export function createServices({ db, config, log }: Deps): Services {
  const endings = new Endings(db, log)
  const signingKeys = new SigningKeys(db, config.secretKey)
  const accessTokens = new AccessTokens(signingKeys, endings, config.publicUrl.origin)
  const sessions = new Sessions(db, config, accessTokens, endings)
  return {
    signUps: new SignUps(),
    signIns: new SignIns(),
    signInLinks: new SignInLinks(),
    passwordResets: new PasswordResets(),
    emailAddresses: new EmailAddresses(),
    ownership: new Ownership(),
    sessions,
    authorizationCodes: new AuthorizationCodes(),
    allowedClients: new AllowedClients(),
    openId: new OpenId(config, log),
    credentials: new Credentials(),
    signingKeys,
  }
}
