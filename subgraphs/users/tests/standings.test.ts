import { until } from '@ashlar/kit/testing/until'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { localIdentities } from '../src/identities.js'
import { type Instance, type Person, startInstance } from './instance.js'

const CREATE_KEY = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }'

describe('a credential that a stream goes on by', () => {
  let users: Instance
  beforeAll(async () => {
    users = await startInstance()
  })
  afterAll(() => users.close())

  const standings = ({ services }: Pick<Instance, 'services'> = users) => localIdentities(() => services).standings
  const tokenOf = ({ tokens }: Person) => `Bearer ${tokens.accessToken}`
  const newKey = async (person: Person) => {
    const input = { name: 'k', scopes: ['posts:read'], idempotencyKey: 'the same' }
    const { secret, apiKey } = await users.field<{ secret: string; apiKey: { id: string } }>(
      'createApiKey',
      CREATE_KEY,
      { input },
      person.asking,
    )
    return { authorization: `Bearer ${secret}`, id: apiKey.id }
  }

  it('is the same for as long as nothing happens, and says for how long it is good', async () => {
    const ada = await users.signUp('ada')
    const token = await standings().of(tokenOf(ada))
    expect(token.remaining()).toEqual(ada.identity)
    expect(token.remaining()).toBe(token.remaining())
    expect(token.expiresInMs()).toBeGreaterThan(14 * 60_000)
    expect(token.expiresInMs()).toBeLessThanOrEqual(15 * 60_000)
    const key = await standings().of((await newKey(ada)).authorization)
    expect(key.remaining()).toMatchObject({ userId: ada.id, credential: 'key' })
    expect(key.expiresInMs()).toBeNull()
  })

  it('has nothing remaining from the moment that its session has ended, also where it is brought anew', async () => {
    const grace = await users.signUp('grace')
    const token = await standings().of(tokenOf(grace))
    let told = 0
    const unsubscribe = standings().onEnded(() => (told += 1))
    await users.data('mutation { signOut { __typename } }', {}, grace.asking)
    expect(token.remaining()).toBeNull()
    expect(told).toBeGreaterThan(0)
    unsubscribe()
    expect((await standings().of(tokenOf(grace))).remaining()).toBeNull()
    await expect(standings().of('Bearer nonsense')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('ends in another process within 5 s', async () => {
    const linus = await users.signUp('linus')
    const elsewhere = standings(await users.another())
    const token = await elsewhere.of(tokenOf(linus))
    await users.data('mutation { signOut { __typename } }', {}, linus.asking)
    await until(async () => {
      await elsewhere.fresh()
      return token.remaining() === null
    }, 5_500)
  })

  it('is found to be dead where its key has got another secret', async () => {
    const barbara = await users.signUp('barbara')
    const key = await standings().of((await newKey(barbara)).authorization)
    await key.verify?.()
    expect(key.remaining()).not.toBeNull()
    await newKey(barbara)
    await key.verify?.()
    expect(key.remaining()).toBeNull()
  })
})
