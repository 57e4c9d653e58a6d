import type { Asking, Identity, RequestInfo } from '@ashlar/kit/caller'
import type { Config } from '@ashlar/kit/config'
import { defineSubgraph, type RunningSubgraph } from '@ashlar/kit/define-subgraph'
import { openDeps } from '@ashlar/kit/deps'
import { silentLog } from '@ashlar/kit/log'
import { askingAsNobody } from '@ashlar/kit/testing/callers'
import { type Answer, startTestSubgraph, type TestSubgraph } from '@ashlar/kit/testing/test-subgraph'
import { until } from '@ashlar/kit/testing/until'
import { subgraph } from '../src/index.js'
import type { Mail } from '../src/mail/words.js'
import { argon2, type Hashing } from '../src/passwords.js'
import { createServices, type Services } from '../src/services.js'

export const PASSWORD = 'four plain grey stones'

export interface Tokens {
  readonly accessToken: string
  readonly accessTokenExpiresAt: string
  readonly refreshToken: string
  readonly refreshTokenExpiresAt: string
}

/** Somebody with an account, signed in. */
export interface Person {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly tokens: Tokens
  readonly identity: Identity
  /** Asks with the access token of the sign-up. */
  readonly asking: Asking
}

export interface Instance extends TestSubgraph<Services> {
  /** The mails that went out, in order. */
  readonly mails: Mail[]
  /** How many passwords were hashed or compared. */
  readonly hashed: { count: number }
  /** A request without a credential, from an address of its own, so that nobody's attempts count for another's. */
  nobody(request?: Partial<RequestInfo>): Asking
  /** A request that bears an access token or a key, checked as the gateway does. @throws UNAUTHENTICATED */
  bearing(credential: string, request?: Partial<RequestInfo>): Promise<Asking>
  /** The data of one field. Throws where there are errors. */
  field<Value>(name: string, query: string, variables?: object, asking?: Asking): Promise<Value>
  signUp(username: string, input?: object, request?: Partial<RequestInfo>): Promise<Person>
  /** The same, with the address confirmed. */
  signUpConfirmed(username: string): Promise<Person>
  signIn(login: string, input?: object, request?: Partial<RequestInfo>): Promise<Answer>
  refresh(refreshToken: string, request?: Partial<RequestInfo>): Promise<Answer>
  /** Gives a role as the database would have it, with no ADMIN asked, and signs in anew with it. */
  withRole(person: Person, role: Identity['role']): Promise<Asking>
  /** Waits for the newest mail of a kind to an address after `since` others. */
  mail(kind: Mail['kind'], to: string, since?: number): Promise<Mail & { readonly token: string }>
  /** Another process on the same database. */
  another(deps?: { readonly config?: Config }): Promise<RunningSubgraph<Services>>
}

let addresses = 0
/** An address that nothing has come from yet. */
export const newAddress = (): string => {
  addresses += 1
  return `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`
}

const monotonic = performance.now.bind(performance)
let passed = 0
/** Has the monotonic clock of this test file be so much later from now on, rather than waiting for it. */
export function passSeconds(seconds: number): void {
  passed += seconds * 1_000
  performance.now = () => monotonic() + passed
}

const TOKENS = 'tokens { accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt }'
export const SIGN_UP = `mutation ($input: SignUpInput!) { signUp(input: $input) { viewer { userId email scopes user { username role } } ${TOKENS} } }`
export const SIGN_IN = `mutation ($input: SignInInput!) { signIn(input: $input) { viewer { userId user { username } } ${TOKENS} } }`
export const REFRESH = `mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { ${TOKENS} } }`

/** The users service on a database of its own, its mail kept in memory. */
export async function startInstance(env: Readonly<Record<string, string>> = {}, log = silentLog()): Promise<Instance> {
  const mails: Mail[] = []
  const hashed = { count: 0 }
  const mailer = { send: async (mail: Mail) => void mails.push(mail), close: () => {} }
  const definition = defineSubgraph({ ...subgraph, services: (deps) => createServices(deps, { mailer, hashing: counting(hashed) }) })
  const test = await startTestSubgraph(definition, { env, log })
  const others: { close(): Promise<void> }[] = []

  const nobody: Instance['nobody'] = (request = {}) => askingAsNobody({ clientAddress: newAddress(), ...request })
  const bearing: Instance['bearing'] = async (credential, request) => ({
    ...nobody(request),
    identity: await test.services.credentials.authenticate(`Bearer ${credential}`),
  })
  const field: Instance['field'] = async <Value>(name: string, query: string, variables: object = {}, asking = nobody()) =>
    (await test.data<Record<string, unknown>>(query, variables as Record<string, unknown>, asking))[name] as Value

  const signUp: Instance['signUp'] = async (username, input = {}, request) => {
    const email = `${username}@example.org`
    const given = { username, email, password: PASSWORD, ...input }
    const { tokens } = await field<{ tokens: Tokens }>('signUp', SIGN_UP, { input: given }, nobody(request))
    const asking = await bearing(tokens.accessToken, request)
    const identity = asking.identity as Identity
    return { id: identity.userId, username, email: given.email, tokens, identity, asking }
  }
  const mail: Instance['mail'] = async (kind, to, since = 0) => {
    const matching = () => mails.filter((each) => each.kind === kind && each.to === to)
    await until(() => matching().length > since)
    const found = matching().at(-1) as Mail
    return { ...found, token: 'link' in found ? new URL(found.link).hash.slice(1) : '' }
  }
  return {
    ...test,
    mails,
    hashed,
    nobody,
    bearing,
    field,
    signUp,
    mail,
    async signUpConfirmed(username) {
      const person = await signUp(username)
      const { token } = await mail('verify-email', person.email)
      await field('verifyEmail', 'mutation ($token: String!) { verifyEmail(input: { token: $token }) { ok } }', { token })
      return person
    },
    signIn: (login, input = {}, request) => test.ask(SIGN_IN, { input: { login, password: PASSWORD, ...input } }, nobody(request)),
    refresh: (refreshToken, request) => test.ask(REFRESH, { input: { refreshToken } }, nobody(request)),
    async withRole({ id, username }, role) {
      await test.database.admin.query(`update users.account set role = $2::users.role where id = $1`, [id, role])
      const { tokens } = await field<{ tokens: Tokens }>('signIn', SIGN_IN, { input: { login: username, password: PASSWORD } })
      return bearing(tokens.accessToken)
    },
    async another({ config = test.config } = {}) {
      const deps = openDeps({ db: test.database.service('users'), config, log })
      const started = definition.start(deps)
      others.push(started, deps)
      return started
    },
    async close() {
      await Promise.all(others.map((other) => other.close()))
      await test.close()
    },
  }
}

/** The real hashing, counted. */
const counting = (hashed: { count: number }): Hashing => ({
  hash: (password) => {
    hashed.count += 1
    return argon2.hash(password)
  },
  verify: (encoded, password) => {
    hashed.count += 1
    return argon2.verify(encoded, password)
  },
})
