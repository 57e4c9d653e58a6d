import { DEMO_PEOPLE, demoSignUp, demoUserId } from '@ashlar/kit/demo'
import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, startInstance } from './instance.js'

describe('the demo', () => {
  let users: Instance
  beforeAll(async () => {
    users = await startInstance()
    await users.subgraph.demo()
  })
  afterAll(() => users.close())

  const rows = async () => (await users.database.admin.query('select * from users.account order by created_at')).rows

  it('has twelve people with names, words and one moderator, the same each time', async () => {
    const people = await rows()
    expect(people.map(({ id }) => id)).toEqual(DEMO_PEOPLE.map(demoUserId))
    expect(people.map(({ username }) => username)).toEqual([...DEMO_PEOPLE])
    expect(people.map(({ created_at: at }) => at)).toEqual(DEMO_PEOPLE.map(demoSignUp))
    expect(new Set(people.map(({ bio }) => bio)).size).toBe(12)
    expect(people.filter(({ role }) => role === 'MODERATOR')).toHaveLength(1)
    expect(people.filter(({ role }) => role === 'USER')).toHaveLength(11)
  })

  it('changes nothing the second time, and leaves alone what was changed since', async () => {
    await users.database.admin.query(`update users.account set bio = 'My own words.' where username = 'sam'`)
    const before = await rows()
    await users.subgraph.demo()
    expect(await rows()).toEqual(before)
  })

  it('lets its people sign in with the password of the demo', async () => {
    expect(codesOf(await users.signIn('mara', { password: 'demo-ashlar' }))).toEqual([])
  })

  it('leaves a name to somebody real who has it', async () => {
    const other = await startInstance()
    const real = await other.signUp('mara')
    await other.subgraph.demo()
    expect(await other.services.people.byUsername('mara')).toMatchObject({ id: real.id, demo: false })
    await other.close()
  })

  it.each([
    ['HOST', { host: '0.0.0.0' }],
    ['PUBLIC_URL, as behind a proxy,', { publicUrl: new URL('https://graph.example.com') }],
  ])('lets nobody of it in where %s is not loopback: not by password, link, key or token', async (_, elsewhere) => {
    const { data } = await users.signIn('tomas', { password: 'demo-ashlar' })
    const { accessToken, refreshToken } = (data as { signIn: { tokens: { accessToken: string; refreshToken: string } } }).signIn.tokens
    const asking = await users.bearing(accessToken)
    const { createApiKey } = await users.data<{ createApiKey: { secret: string } }>(
      'mutation { createApiKey(input: { name: "k", scopes: ["posts:read"] }) { secret } }',
      {},
      asking,
    )

    const config = { ...users.config, ...elsewhere }
    const open = await users.another({ config })
    const signIn = { query: 'mutation { signIn(input: { login: "tomas", password: "demo-ashlar" }) { tokens { accessToken } } }' }
    expect(codesOf(await open.execute(signIn, users.nobody()))).toEqual(['UNAUTHENTICATED'])
    await expect(open.services.credentials.authenticate(`Bearer ${createApiKey.secret}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    const refresh = {
      query: 'mutation ($t: String!) { refreshSession(input: { refreshToken: $t }) { tokens { accessToken } } }',
      variables: { t: refreshToken },
    }
    expect(codesOf(await open.execute(refresh, users.nobody()))).toEqual(['UNAUTHENTICATED'])
  })
})
