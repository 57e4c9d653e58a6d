import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Attempt, once } from '../src/idempotency.js'
import { newId } from '../src/ids.js'

let database: TestDatabase
const db = () => database.service('things')
beforeAll(async () => {
  database = await startTestDatabase({ services: ['things'] })
})
afterAll(() => database.close())

const attempt = (more: Partial<Attempt> = {}): Attempt => ({ actor: 'ada', field: 'createThing', key: 'k', input: { title: 'a' }, ...more })
const run = (given: Attempt, work = async () => ({ id: newId() })) => db().sqlTransaction((sql) => once(sql, given, work))
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: { code: string }) => error.code,
  )

describe('an idempotency key', () => {
  it('gives the first result again, also to 50 at once', async () => {
    let made = 0
    const results = await Promise.all(
      Array.from({ length: 50 }, () =>
        run(attempt({ key: 'fifty' }), async () => {
          made += 1
          return { id: newId() }
        }),
      ),
    )
    expect(made).toBe(1)
    expect(new Set(results.map(({ result }) => result.id)).size).toBe(1)
    expect(results.filter(({ repeated }) => !repeated)).toHaveLength(1)
  })

  it('is another one for another person, field or key, and none at all when it is left out', async () => {
    const same = await run(attempt())
    for (const other of [{ actor: 'bob' }, { field: 'other' }, { key: 'other' }, { key: null }, { key: undefined }])
      expect((await run(attempt(other))).result.id).not.toBe(same.result.id)
  })

  it('is CONFLICT with other input, whatever the order of the fields', async () => {
    const first = await run(attempt({ key: 'input', input: { a: 1, b: { c: [1, null], d: new Date(0) } } }))
    const again = await run(attempt({ key: 'input', input: { b: { d: new Date(0), c: [1, null] }, a: 1, idempotencyKey: 'input' } }))
    expect(again).toEqual({ result: first.result, repeated: true })
    expect(await codeOf(run(attempt({ key: 'input', input: { a: 1, b: { c: [null, 1], d: new Date(0) } } })))).toBe('CONFLICT')
  })

  it('is free again when the first attempt was undone', async () => {
    const failing = run(attempt({ key: 'undone' }), async () => {
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect((await run(attempt({ key: 'undone', input: { title: 'other' } }))).repeated).toBe(false)
  })

  it('is forgotten after 7 days', async () => {
    await run(attempt({ key: 'old' }))
    await database.shiftClock('things', '6 days 23 hours')
    expect((await run(attempt({ key: 'old' }))).repeated).toBe(true)
    await database.shiftClock('things', '7 days 1 hour')
    expect((await run(attempt({ key: 'old', input: {} }))).repeated).toBe(false)
    await database.shiftClock('things', '0')
  })

  it('has 1 to 128 characters and no control characters', async () => {
    for (const key of ['', 'x'.repeat(129), 'a\0b', '\ud800']) expect(await codeOf(run(attempt({ key })))).toBe('BAD_USER_INPUT')
    expect(await codeOf(run(attempt({ key: '🔑'.repeat(128) })))).toBe('done')
  })
})
