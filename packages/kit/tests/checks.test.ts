import { describe, expect, it } from '@jest/globals'
import { Checks } from '../src/checks.js'
import { badUserInput, conflict } from '../src/errors.js'

describe('checks', () => {
  it('answer what each came to', () => {
    const checks = new Checks()
    expect(checks.pass({ one: checks.run(() => 1), two: checks.run(() => 'two') })).toEqual({ one: 1, two: 'two' })
  })

  it('are refused with the issues of all of them', () => {
    const checks = new Checks()
    const fail = (path: string) => (): never => {
      throw badUserInput(path, 'is wrong')
    }
    const value = { a: checks.run(fail('a')), b: checks.run(() => 1), c: checks.run(fail('c')) }
    const issues = ['a', 'c'].map((path) => ({ path: [path], message: 'is wrong' }))
    expect(() => checks.pass(value)).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', extensions: expect.objectContaining({ issues }) }),
    )
  })

  it('let any other error through at once', () => {
    const checks = new Checks()
    expect(() =>
      checks.run(() => {
        throw conflict({ field: 'slug' })
      }),
    ).toThrow(expect.objectContaining({ code: 'CONFLICT' }))
  })
})
