import type { Asking } from '@ashlar/kit/caller'
import { encodeId, newId } from '@ashlar/kit/ids'
import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, PASSWORD, type Person, startInstance } from './instance.js'

const SUSPEND = 'mutation ($input: SetUserSuspendedInput!) { setUserSuspended(input: $input) { user { suspendedAt } } }'
const SET_ROLE = 'mutation ($input: SetUserRoleInput!) { setUserRole(input: $input) { user { role } } }'
const DELETE = `mutation { deleteAccount(input: { password: "${PASSWORD}" }) { deletedUserId } }`
const CREATED = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }'

let users: Instance
let admin: Asking
beforeAll(async () => {
  users = await startInstance()
  admin = await users.withRole(await users.signUp('boss'), 'ADMIN')
})
afterAll(() => users.close())

const suspend = (person: Person, suspended = true) =>
  users.ask(SUSPEND, { input: { userId: encodeId('user', person.id), suspended, reason: 'Spam.' } }, admin)
/** Of somebody, in the order of the log: each with its data. */
async function eventsOf(person: Person) {
  await users.deps.events.look()
  const { first } = await users.deps.events.ends()
  const { events } = await users.deps.events.read(first, [encodeId('user', person.id)], 100)
  return events.map(({ type, data }) => ({ type, data }))
}
const door = <Result>(name: string, input: unknown) => users.subgraph.doors[name]?.(input) as Promise<Result>

describe('what becomes of people', () => {
  it('is told in the order of the changes, by the id alone', async () => {
    const person = await users.signUp('told')
    await suspend(person)
    await suspend(person, false)
    await suspend(person)
    await suspend(person, false)
    const { data } = await users.signIn('told')
    const { tokens } = (data as { signIn: { tokens: { accessToken: string } } }).signIn
    await users.data(DELETE, {}, await users.bearing(tokens.accessToken))
    const types = ['user.suspended', 'user.unsuspended', 'user.suspended', 'user.unsuspended', 'user.deleted']
    expect(await eventsOf(person)).toEqual(types.map((type) => ({ type, data: { userId: person.id } })))
  })

  it('is told once, and never where nothing has changed', async () => {
    const person = await users.signUp('told_once')
    await suspend(person, false)
    expect(await eventsOf(person)).toEqual([])
    await Promise.all(Array.from({ length: 8 }, () => suspend(person)))
    await suspend(person)
    expect(await eventsOf(person)).toEqual([{ type: 'user.suspended', data: { userId: person.id } }])
    await Promise.all(Array.from({ length: 8 }, () => suspend(person, false)))
    expect((await eventsOf(person)).map(({ type }) => type)).toEqual(['user.suspended', 'user.unsuspended'])
  })

  it('is not told where it was refused, nor of other changes', async () => {
    const person = await users.signUp('untold')
    const other = await users.signUp('untold_other')
    const input = { userId: encodeId('user', person.id), suspended: true }
    expect(codesOf(await users.ask(SUSPEND, { input }, other.asking))).toEqual(['FORBIDDEN'])
    await users.data(SET_ROLE, { input: { userId: encodeId('user', person.id), role: 'MODERATOR' } }, admin)
    const wrong = 'mutation { deleteAccount(input: { password: "not this one" }) { deletedUserId } }'
    const { data } = await users.signIn('untold')
    const { tokens } = (data as { signIn: { tokens: { accessToken: string } } }).signIn
    expect(codesOf(await users.ask(wrong, {}, await users.bearing(tokens.accessToken)))).toEqual(['BAD_USER_INPUT'])
    await users.data(CREATED, { input: { name: 'k', scopes: ['posts:read'] } }, await users.bearing(tokens.accessToken))
    expect(await eventsOf(person)).toEqual([])
  })
})

describe('how people stand', () => {
  it('is told of who is suspended now, page by page in the order of ids', async () => {
    const [a, b, c, gone] = [
      await users.signUp('page_a'),
      await users.signUp('page_b'),
      await users.signUp('page_c'),
      await users.signUp('page_d'),
    ]
    for (const person of [c, a, gone]) await suspend(person)
    await suspend(gone, false)
    const expected = [a.id, c.id].sort()
    const first = await door<{ userIds: string[] }>('suspended', { after: null, limit: 1 })
    expect(first).toEqual({ userIds: expected.slice(0, 1) })
    const second = await door<{ userIds: string[] }>('suspended', { after: first.userIds[0], limit: 1 })
    expect(second).toEqual({ userIds: expected.slice(1) })
    expect(await door('suspended', { after: second.userIds[0], limit: 1_000 })).toEqual({ userIds: [] })
    const asked = [c.id, b.id, gone.id, newId(), b.id]
    expect(await door('accounts', { userIds: asked })).toEqual({ userIds: [b.id, gone.id].sort() })
    expect(await door('accounts', { userIds: [] })).toEqual({ userIds: [] })
  })

  it.each([
    ['suspended', {}],
    ['suspended', { after: null, limit: 0 }],
    ['suspended', { after: null, limit: 1_001 }],
    ['suspended', { after: 'x', limit: 10 }],
    ['accounts', null],
    ['accounts', { userIds: ['x'] }],
    ['accounts', { userIds: Array.from({ length: 1_001 }, newId) }],
  ])('is not told to nonsense: %s', async (name, input) => {
    // A door that reads its input before anything else may throw at once.
    await expect((async () => door(name, input))()).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
  })
})
