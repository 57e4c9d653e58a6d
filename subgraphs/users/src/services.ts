import type { Deps } from '@ashlar/kit/deps'
import { Retention } from '@ashlar/kit/retention'
import { AccessTokens } from './access-tokens.js'
import { Administration } from './administration.js'
import { AllowedClients } from './allowed-clients.js'
import { ApiKeys } from './api-keys.js'
import { AuthorizationCodes } from './authorization-codes.js'
import { Blocks } from './blocks.js'
import { Credentials } from './credentials.js'
import { Deletions } from './deletions.js'
import { EmailAddresses } from './email-addresses.js'
import { Endings } from './endings.js'
import { FreshSignIns } from './fresh-sign-ins.js'
import { Guests } from './guests.js'
import { type FindKey, KnownKeys } from './known-keys.js'
import { createMailer, type Mailer } from './mail.js'
import { OpenId } from './openid.js'
import { OpenIdAccounts } from './openid-accounts.js'
import { OutgoingMail } from './outgoing-mail.js'
import { OwnAccounts } from './own-account.js'
import { Ownership } from './ownership.js'
import { PasswordChanges } from './password-changes.js'
import { PasswordResets } from './password-resets.js'
import { argon2, type Hashing, Passwords } from './passwords.js'
import { People } from './people.js'
import { Profiles } from './profiles.js'
import { Reach } from './reach.js'
import { SecondFactor } from './second-factor.js'
import { SessionLists } from './session-lists.js'
import { Sessions } from './sessions.js'
import { SignInLinks } from './sign-in-links.js'
import { SignIns } from './sign-ins.js'
import { SignUps } from './sign-ups.js'
import { SigningKeys } from './signing-keys.js'
import { EXPIRED } from './sql/retention.js'
import { Standings } from './standings.js'
import { storedKeys } from './stored-keys.js'
import { Throttle } from './throttle.js'
import { TokenVerifier } from './token-verifier.js'

export interface Services {
  // Ways in
  readonly signUps: SignUps
  readonly guests: Guests
  readonly signIns: SignIns
  readonly signInLinks: SignInLinks
  readonly passwordResets: PasswordResets
  readonly ownership: Ownership
  readonly authorizationCodes: AuthorizationCodes
  readonly openId: OpenId
  // What opens an account
  readonly sessions: Sessions
  readonly sessionLists: SessionLists
  readonly apiKeys: ApiKeys
  readonly secondFactor: SecondFactor
  readonly passwordChanges: PasswordChanges
  readonly emailAddresses: EmailAddresses
  // People
  readonly people: People
  readonly profiles: Profiles
  readonly blocks: Blocks
  readonly ownAccounts: OwnAccounts
  readonly deletions: Deletions
  readonly administration: Administration
  // What the house asks
  readonly credentials: Credentials
  readonly endings: Endings
  readonly findKey: FindKey
  readonly reach: Reach
  readonly standings: Standings
  readonly signingKeys: SigningKeys
  readonly allowedClients: AllowedClients
  // What runs by itself
  readonly outgoingMail: OutgoingMail
  readonly retention: Retention
  readonly passwords: Passwords
}

/** What a test puts in the place of the real ones. */
export interface Overrides {
  readonly hashing?: Hashing
  readonly mailer?: Mailer
}

/** What this service is made of, wired once an instance. */
export function createServices(deps: Deps, { hashing = argon2, mailer = createMailer(deps.config, deps.log) }: Overrides = {}): Services {
  const { db, config, log } = deps
  const endings = new Endings(deps)
  const throttle = new Throttle(db)
  const passwords = new Passwords(hashing)
  const outgoingMail = new OutgoingMail(deps, mailer, throttle)

  const signingKeys = new SigningKeys(db, config.secretKey)
  const accessTokens = new AccessTokens(signingKeys, config.publicUrl.origin)
  const tokens = new TokenVerifier(signingKeys, endings, config.publicUrl.origin)
  const findKey = storedKeys(deps)
  const knownKeys = new KnownKeys(findKey, endings)
  const sessions = new Sessions(db, config, accessTokens, endings)

  const ownAccounts = new OwnAccounts(db, passwords, throttle)
  const freshSignIns = new FreshSignIns(deps)
  const secondFactor = new SecondFactor(deps, ownAccounts)
  const allowedClients = new AllowedClients(deps, freshSignIns)
  const openId = new OpenId(config, log)
  const openIdAccounts = new OpenIdAccounts(deps, throttle, endings)

  return {
    signUps: new SignUps(deps, passwords, throttle, sessions, outgoingMail, endings),
    guests: new Guests(deps, throttle, sessions),
    signIns: new SignIns(deps, passwords, throttle, sessions, secondFactor, openId, openIdAccounts),
    signInLinks: new SignInLinks(deps, throttle, sessions, secondFactor, outgoingMail),
    passwordResets: new PasswordResets(deps, passwords, throttle, sessions, secondFactor, outgoingMail, endings),
    ownership: new Ownership(deps, passwords, throttle, sessions, outgoingMail, endings),
    authorizationCodes: new AuthorizationCodes(deps, ownAccounts, allowedClients, sessions, endings),
    openId,
    sessions,
    sessionLists: new SessionLists(deps),
    apiKeys: new ApiKeys(deps, ownAccounts, freshSignIns, knownKeys, endings),
    secondFactor,
    passwordChanges: new PasswordChanges(deps, passwords, ownAccounts, endings),
    emailAddresses: new EmailAddresses(deps, throttle, ownAccounts, secondFactor, outgoingMail, endings),
    people: new People(deps),
    profiles: new Profiles(deps),
    blocks: new Blocks(deps),
    ownAccounts,
    deletions: new Deletions(deps, ownAccounts, endings),
    administration: new Administration(deps, freshSignIns, endings),
    credentials: new Credentials(deps, tokens, knownKeys),
    endings,
    findKey,
    reach: new Reach(deps),
    standings: new Standings(deps),
    signingKeys,
    allowedClients,
    outgoingMail,
    retention: new Retention(deps, EXPIRED),
    passwords,
  }
}
