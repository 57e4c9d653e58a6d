import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { GATEWAY, keysFor, pairKey, readKeys } from '../src/internal-keys.js'
import { StatementRefused, Statements } from '../src/statements.js'
import { askingAs, askingAsNobody } from '../src/testing/callers.js'

const SECRET = randomBytes(32)
const EVERYONE = [GATEWAY, 'users', 'posts', 'comments']
const processOf = (name: string, { secret = SECRET, namespace = '' } = {}): Statements =>
  new Statements({ name, keys: readKeys(keysFor(secret, name, EVERYONE)) ?? new Map(), namespace })

const gateway = processOf(GATEWAY)
const posts = processOf('posts')
const BODY = '{"query":"{ posts { totalCount } }"}'
const asking = askingAs({
  role: 'ADMIN',
  request: { userAgent: 'Chrome/1 “é”', origin: 'https://a.example', refreshCookie: 'r', cookieMode: true },
})
const toPosts = (more: Partial<Parameters<Statements['sign']>[0]> = {}) =>
  gateway.sign({ audience: 'posts', door: '/graphql', body: BODY, asking, ...more })

function faultOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof StatementRefused) return error.code
    throw error
  }
  return 'none'
}
const faultAt = (process: Statements, header: string | undefined, { door = '/graphql', body = BODY } = {}) =>
  faultOf(() => process.verify({ header, door, body }))

afterEach(() => {
  jest.useRealTimers()
})

describe('a statement', () => {
  it.each([
    ['somebody', asking],
    ['a key', askingAs({ credential: 'key', scopes: ['posts:read'] })],
    ['nobody', askingAsNobody()],
    ['the system', null],
  ])('tells who asks and for whom: %s', (_, who) => {
    const statement = posts.verify({ header: toPosts({ asking: who }), door: '/graphql', body: BODY })
    expect(statement).toMatchObject({ sender: GATEWAY, asking: who })
  })

  it('is refused without a word of why it might be good', () => {
    expect(faultAt(posts, undefined)).toBe('MISSING')
    expect(faultAt(posts, '')).toBe('MISSING')
    for (const nonsense of [
      'x',
      '.',
      '..',
      'a.b.c.d',
      `${'x'.repeat(20_000)}.y`,
      `${btoa('{}')}.y`,
      `${btoa('[]')}.y`,
      `${btoa('null')}.y`,
    ])
      expect(faultAt(posts, nonsense)).toBe('MALFORMED')
  })

  it('is for one audience, door, body and namespace', () => {
    expect(faultAt(processOf('users'), toPosts())).toBe('FORGED')
    expect(faultAt(posts, toPosts(), { door: '/log/read' })).toBe('OTHER_DOOR')
    expect(faultAt(posts, toPosts(), { body: `${BODY} ` })).toBe('OTHER_BODY')
    expect(faultAt(processOf('posts', { namespace: 'town' }), toPosts())).toBe('OTHER_NAMESPACE')
    expect(faultAt(posts, toPosts())).toBe('none')
  })

  it("is refused under another's key, another secret's, and with a letter of it changed", () => {
    const forged = new Statements({ name: GATEWAY, keys: new Map([['gateway>posts', pairKey(SECRET, 'users', 'posts')]]) })
    expect(faultAt(posts, forged.sign({ audience: 'posts', door: '/graphql', body: BODY, asking }))).toBe('FORGED')
    const elsewhere = processOf(GATEWAY, { secret: randomBytes(32) })
    expect(faultAt(posts, elsewhere.sign({ audience: 'posts', door: '/graphql', body: BODY, asking }))).toBe('FORGED')
    const [payload = '', first = '', second = ''] = toPosts().split('.')
    const raised = Buffer.from(Buffer.from(payload, 'base64url').toString().replace('"own"', '"all"')).toString('base64url')
    expect(faultAt(posts, `${raised}.${first}.${second}`)).toBe('FORGED')
    expect(faultAt(posts, `${payload}.${first.slice(0, -2)}.${second}`)).toBe('FORGED')
    expect(faultAt(posts, `${payload}.${second}.${first}`)).toBe('FORGED')
  })

  it('can not be sent back to the one who made it, nor made for a pair that one is not part of', () => {
    expect(faultAt(gateway, toPosts())).not.toBe('none')
    const own = posts.sign({ audience: 'users', door: '/graphql', body: BODY, asking })
    expect(faultAt(posts, own)).toBe('UNKNOWN_SENDER')
    expect(readKeys(keysFor(SECRET, 'posts', EVERYONE))?.has('gateway>users')).toBe(false)
    expect(readKeys(keysFor(SECRET, 'posts', EVERYONE))?.has('gateway>gateway')).toBe(false)
    expect(() => new Statements({ name: 'posts', keys: new Map() }).sign({ audience: 'users', door: '/', body: '', asking })).toThrow()
  })

  it('lives for 60 s, with 30 s for clocks that differ', () => {
    const header = toPosts()
    jest.useFakeTimers({ now: Date.now() + 89_000, doNotFake: ['performance', 'nextTick'] })
    expect(faultAt(posts, header)).toBe('none')
    jest.setSystemTime(Date.now() + 2_000)
    expect(faultAt(posts, header)).toBe('EXPIRED')
    jest.setSystemTime(Date.now() - 91_000 - 32_000)
    expect(faultAt(posts, header)).toBe('EXPIRED')
    jest.setSystemTime(Date.now() + 5_000)
    expect(faultAt(posts, header)).toBe('none')
  })
})

describe('a statement of the gateway that a service hands back', () => {
  const comments = processOf('comments')
  const toComments = () => gateway.sign({ audience: 'comments', door: '/graphql', body: 'another body', asking })

  it('tells the gateway as whom the service asks', () => {
    expect(gateway.verifyHandedBack(toComments(), 'comments').asking).toEqual(asking)
    expect(processOf(GATEWAY).verifyHandedBack(toComments(), 'comments').asking).toEqual(asking)
  })

  it('is refused from a service that it was not for, and where no gateway has made it', () => {
    expect(faultOf(() => gateway.verifyHandedBack(toComments(), 'posts'))).toBe('OTHER_AUDIENCE')
    const own = comments.sign({ audience: GATEWAY, door: '/graphql', body: '', asking })
    expect(faultOf(() => gateway.verifyHandedBack(own, 'comments'))).toBe('FORGED')
    const [payload, first] = toComments().split('.')
    expect(faultOf(() => gateway.verifyHandedBack(`${payload}.${first}`, 'comments'))).toBe('FORGED')
    expect(faultOf(() => gateway.verifyHandedBack(`${payload}.${first}.${first}`, 'comments'))).toBe('FORGED')
    expect(faultOf(() => comments.verifyHandedBack(toComments(), 'comments'))).toBe('FORGED')
    expect(faultOf(() => gateway.verifyHandedBack(undefined, 'comments'))).toBe('MISSING')
  })
})

describe('INTERNAL_KEYS', () => {
  it.each(['', 'posts', 'posts>users', 'posts>users=', 'posts>users=short', `a>b>c=${'A'.repeat(43)}`, `A>b=${'A'.repeat(43)}`])(
    'is refused: %j',
    (text) => {
      expect(readKeys(text)).toBeNull()
    },
  )
})
