import { createHash, randomBytes } from 'node:crypto'
import type { Asking, Role } from '@ashlar/kit/caller'
import { encodeId } from '@ashlar/kit/ids'
import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, PASSWORD, type Person, passSeconds, startInstance, type Tokens } from './instance.js'

const SET_ROLE = 'mutation ($input: SetUserRoleInput!) { setUserRole(input: $input) { user { role } } }'
const SUSPEND = 'mutation ($input: SetUserSuspendedInput!) { setUserSuspended(input: $input) { user { suspendedAt } } }'
const SET_CLIENTS = 'mutation { setAllowedClients(input: { clients: [] }) { allowedClients } }'
const CREATE_KEY = 'mutation ($scopes: [String!]!) { createApiKey(input: { name: "k", scopes: $scopes }) { secret } }'
const CHANGE = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { viewer { userId } } }'
const APP = 'https://app.example.com'

const MODERATOR = ['own', 'comments:moderate', 'posts:moderate', 'tags:moderate']

let users: Instance
let owner: Asking
beforeAll(async () => {
  users = await startInstance({ ALLOWED_CLIENTS: APP })
  owner = await users.withRole(await users.signUp('owner'), 'ADMIN')
})
afterAll(() => users.close())

const setRole = (person: Person, role: Role, asking = owner) =>
  users.data(SET_ROLE, { input: { userId: encodeId('user', person.id), role } }, asking)
const suspend = (person: Person, suspended: boolean) =>
  users.data(SUSPEND, { input: { userId: encodeId('user', person.id), suspended } }, owner)
const tokensOf = ({ data }: Awaited<ReturnType<Instance['ask']>>) =>
  Object.values(data as Record<string, { tokens: Tokens }>)[0]?.tokens as Tokens

/** Somebody new under a role, signed in with it. */
async function inRole(username: string, role: Role): Promise<{ person: Person; tokens: Tokens }> {
  const person = await users.signUp(username)
  await setRole(person, role)
  return { person, tokens: tokensOf(await users.signIn(username)) }
}
const keyOf = async (asking: Asking, ...scopes: string[]) =>
  (await users.field<{ secret: string }>('createApiKey', CREATE_KEY, { scopes }, asking)).secret
const scopesOf = async (credential: string) => (await users.bearing(credential)).identity?.scopes
const ended = (credential: string) => expect(users.bearing(credential)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })

describe('another role', () => {
  it('cuts the tokens that are out there to what it gives, and leaves them valid', async () => {
    const { person, tokens } = await inRole('demoted', 'ADMIN')
    const before = await users.bearing(tokens.accessToken)
    expect(codesOf(await users.ask(SET_CLIENTS, {}, before))).toEqual([])
    await setRole(person, 'USER')
    const after = await users.bearing(tokens.accessToken)
    expect(after.identity).toEqual({ ...before.identity, role: 'USER', scopes: ['own'] })
    expect(codesOf(await users.ask(SET_CLIENTS, {}, after))).toEqual(['FORBIDDEN'])
    expect(codesOf(await users.ask(CREATE_KEY, { scopes: ['users:admin'] }, after))).toEqual(['FORBIDDEN'])
    expect(await users.data('{ viewer { scopes user { role } } }', {}, after)).toEqual({
      viewer: { scopes: ['own'], user: { role: 'USER' } },
    })
    expect(await scopesOf(tokensOf(await users.refresh(tokens.refreshToken)).accessToken)).toEqual(['own'])
  })

  it('gives no token more than it says: what it gives beyond that comes with the next one', async () => {
    const { tokens, ...person } = await users.signUp('promoted')
    await setRole({ ...person, tokens }, 'MODERATOR')
    expect((await users.bearing(tokens.accessToken)).identity).toMatchObject({ role: 'MODERATOR', scopes: ['own'] })
    const renewed = tokensOf(await users.refresh(tokens.refreshToken))
    expect((await users.bearing(renewed.accessToken)).identity).toMatchObject({ role: 'MODERATOR', scopes: MODERATOR })
  })

  it('counts as of the last change, however quickly they follow, for each token by what it says', async () => {
    const { person, tokens: ofAdmin } = await inRole('wavering', 'ADMIN')
    const all = (await scopesOf(ofAdmin.accessToken)) ?? []
    await setRole(person, 'USER')
    const ofUser = tokensOf(await users.refresh(ofAdmin.refreshToken))
    await setRole(person, 'MODERATOR')
    const ofModerator = tokensOf(await users.refresh(ofUser.refreshToken))
    const scopes = async () => [
      await scopesOf(ofAdmin.accessToken),
      await scopesOf(ofUser.accessToken),
      await scopesOf(ofModerator.accessToken),
    ]
    expect(await scopes()).toEqual([MODERATOR, ['own'], MODERATOR])
    await setRole(person, 'ADMIN')
    expect(await scopes()).toEqual([all, ['own'], MODERATOR])
    await setRole(person, 'USER')
    expect(await scopes()).toEqual([['own'], ['own'], ['own']])
  })

  it('leaves what was handed out since alone, in every process', async () => {
    const other = await users.another()
    const { person } = await inRole('handed', 'USER')
    await setRole(person, 'ADMIN')
    const { accessToken } = tokensOf(await users.signIn('handed'))
    const authenticate = async () => (await other.services.credentials.authenticate(`Bearer ${accessToken}`))?.scopes
    expect(await authenticate()).toContain('users:admin')
    expect(await scopesOf(accessToken)).toContain('users:admin')
    passSeconds(5)
    expect(await authenticate()).toContain('users:admin')
  })

  it('reaches another process within 5 s', async () => {
    const other = await users.another()
    const { person, tokens } = await inRole('elsewhere', 'ADMIN')
    const secret = await keyOf(await users.bearing(tokens.accessToken), 'users:admin', 'posts:read')
    const scopes = async (credential: string) => (await other.services.credentials.authenticate(`Bearer ${credential}`))?.scopes
    expect(await scopes(tokens.accessToken)).toContain('users:admin')
    expect(await scopes(secret)).toEqual(['users:admin', 'posts:read'])
    await setRole(person, 'USER')
    passSeconds(5)
    expect(await scopes(tokens.accessToken)).toEqual(['own'])
    expect(await scopes(secret)).toEqual(['posts:read'])
  })

  it("cuts the owner's keys, and gives them back what is theirs with the role", async () => {
    const { person, tokens } = await inRole('key_owner', 'ADMIN')
    const secret = await keyOf(await users.bearing(tokens.accessToken), 'users:admin', 'posts:moderate', 'posts:read')
    expect(await scopesOf(secret)).toEqual(['users:admin', 'posts:moderate', 'posts:read'])
    await setRole(person, 'MODERATOR')
    expect(await scopesOf(secret)).toEqual(['posts:moderate', 'posts:read'])
    await setRole(person, 'USER')
    expect(codesOf(await users.ask(SET_CLIENTS, {}, await users.bearing(secret)))).toEqual(['FORBIDDEN'])
    await setRole(person, 'ADMIN')
    expect(await scopesOf(secret)).toEqual(['users:admin', 'posts:moderate', 'posts:read'])
  })

  it("leaves an app's session what it asked for, which never was a role's", async () => {
    const { person, tokens } = await inRole('app_user', 'ADMIN')
    const codeVerifier = randomBytes(32).toString('base64url')
    const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')
    const { code } = await users.field<{ code: string }>(
      'authorizeClient',
      'mutation ($input: AuthorizeClientInput!) { authorizeClient(input: $input) { code } }',
      { input: { client: APP, codeChallenge, scopes: ['posts:write', 'notes:read'] } },
      await users.bearing(tokens.accessToken),
    )
    const { tokens: ofApp } = await users.field<{ tokens: Tokens }>(
      'exchangeAuthorizationCode',
      'mutation ($input: ExchangeAuthorizationCodeInput!) { exchangeAuthorizationCode(input: $input) { tokens { accessToken } } }',
      { input: { code, codeVerifier } },
      users.nobody({ origin: APP }),
    )
    await setRole(person, 'USER')
    expect((await users.bearing(ofApp.accessToken)).identity).toMatchObject({
      credential: 'app',
      role: 'USER',
      scopes: ['posts:write', 'notes:read'],
    })
  })

  it('never brings back what has ended, be it before the change or after', async () => {
    const { person, tokens: first } = await inRole('ended', 'ADMIN')
    const { asking: _, ...signedUp } = person
    await suspend(person, true)
    await ended(first.accessToken)
    await setRole(person, 'MODERATOR')
    await ended(first.accessToken)
    await ended(signedUp.tokens.accessToken)
    await suspend(person, false)
    const second = tokensOf(await users.signIn('ended'))
    expect(await scopesOf(second.accessToken)).toEqual(MODERATOR)
    await setRole(person, 'ADMIN')
    await ended(first.accessToken)
    expect(await scopesOf(second.accessToken)).toEqual(MODERATOR)
    await suspend(person, true)
    for (const { accessToken } of [first, second]) await ended(accessToken)
  })

  it('leaves it to a new password to end the other sessions, be it before the change or after', async () => {
    const { person, tokens } = await inRole('with_password', 'ADMIN')
    const others = [tokensOf(await users.signIn('with_password')), tokensOf(await users.signIn('with_password'))]
    const change = async (currentPassword: string, newPassword: string) =>
      users.data(CHANGE, { input: { currentPassword, newPassword } }, await users.bearing(tokens.accessToken))
    await setRole(person, 'MODERATOR')
    await change(PASSWORD, 'five smooth white pebbles')
    for (const { accessToken } of others) await ended(accessToken)
    const another = tokensOf(await users.signIn('with_password', { password: 'five smooth white pebbles' }))
    await change('five smooth white pebbles', 'six rough black boulders')
    await setRole(person, 'USER')
    for (const { accessToken } of [...others, another]) await ended(accessToken)
    expect(await scopesOf(tokens.accessToken)).toEqual(['own'])
  })

  it('is none where it is the same', async () => {
    const { person, tokens } = await inRole('unchanged', 'MODERATOR')
    const before = await users.bearing(tokens.accessToken)
    await setRole(person, 'MODERATOR')
    expect((await users.bearing(tokens.accessToken)).identity).toEqual(before.identity)
  })
})
