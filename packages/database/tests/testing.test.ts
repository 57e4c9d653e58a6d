import { countStatements, startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

describe('a test database', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await startTestDatabase({ services: ['users'] })
  })
  afterAll(() => database.close())

  it('has the tables of its services', async () => {
    expect(await database.service('users').prisma.account.count()).toBe(0)
  })

  it('shifts the clock of one service', async () => {
    const ahead = () =>
      database.service('users').query<{ days: number }>('select round(extract(epoch from clock() - now()) / 86400)::int as days')
    expect(await ahead()).toEqual([{ days: 0 }])
    await database.shiftClock('users', '3 days')
    expect(await ahead()).toEqual([{ days: 3 }])
    await database.shiftClock('users', '0')
    expect(await ahead()).toEqual([{ days: 0 }])
  })

  it('records the statements that were sent', async () => {
    const users = database.service('users')
    const { result, statements } = await countStatements(() => users.transaction((tx) => tx.query('select 1 as one')))
    expect(result).toEqual([{ one: 1 }])
    expect(statements.map((text) => text.toLowerCase())).toEqual(['begin', 'select 1 as one', 'commit'])
  })
})
