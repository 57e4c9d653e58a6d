import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { checkJsonObject } from '../src/json-object.js'
import { parseDateTime, parseEmailAddress, parseUrl } from '../src/scalars.js'

const takes = (parse: (value: never) => unknown, value: unknown) => {
  try {
    parse(value as never)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return false
  }
}
const sort = (parse: (value: never) => unknown, values: readonly unknown[]) => values.filter((value) => takes(parse, value))

describe('DateTime', () => {
  it('is a time by RFC 3339 from 1970 to 2200', () => {
    const good = [
      '2026-11-25T12:00:00Z',
      '2026-11-25t12:00:00.123456789z',
      '2026-11-25T12:00:00+05:30',
      '1970-01-01T00:00:00Z',
      '2024-02-29T00:00:00Z',
      '2199-12-31T23:59:59.999Z',
    ]
    expect(sort(parseDateTime, good)).toEqual(good)
    const bad = [
      '',
      'now',
      '2026-11-25',
      '2026-11-25T12:00:00',
      '2026-13-01T00:00:00Z',
      '2026-02-30T00:00:00Z',
      '2025-02-29T00:00:00Z',
      '1969-12-31T23:59:59Z',
      '2200-01-01T00:00:00Z',
      '+012026-01-01T00:00:00Z',
      '2026-11-25T25:00:00Z',
    ]
    expect(sort(parseDateTime, bad)).toEqual([])
  })

  it('comes back as it went', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('2199-12-31'), noInvalidDate: true }),
        (date) => parseDateTime(date.toISOString()).getTime() === date.getTime(),
      ),
    )
  })
})

describe('EmailAddress', () => {
  it('is an address by RFC 5321', () => {
    const good = [
      'a@b',
      'ada@example.com',
      "o'hara+tag@sub.example.co.uk",
      'x_y.z@example.com',
      'müller@beispiel.de',
      '用户@例子.广告',
      `${'l'.repeat(64)}@example.com`,
    ]
    expect(sort(parseEmailAddress, good)).toEqual(good)
    const bad = [
      ...[
        '',
        '@',
        'a',
        'a@',
        '@b',
        'a b@c.d',
        'a@b c',
        '.a@b.c',
        'a.@b.c',
        'a..b@c.d',
        'a@-b.c',
        'a@b-.c',
        'a@b..c',
        '"a"@b.c',
        'a@[127.0.0.1]',
        'a@b.c\n',
        'a\0@b.c',
      ],
      ...[
        '<a@b.c>',
        'a,b@c.d',
        'a@b,c',
        `${'l'.repeat(65)}@b.c`,
        `a@${'d'.repeat(64)}.com`,
        `${'ü'.repeat(33)}@b.c`,
        `a@${'d.'.repeat(130)}com`,
        'a@b\r\nBcc: c@d.e',
      ],
    ]
    expect(sort(parseEmailAddress, bad)).toEqual([])
  })
})

describe('URL', () => {
  it('is an http or https address of up to 2,048 characters', () => {
    const good = ['http://a', 'https://example.com/ä?q=1#x', 'HTTPS://EXAMPLE.COM', `https://e.com/${'x'.repeat(2_034)}`]
    expect(sort(parseUrl, good)).toEqual(good)
    const bad = [
      '',
      'example.com',
      '//example.com',
      'ftp://a',
      'javascript:alert(1)',
      'http://',
      'https://a b',
      ' https://a',
      'https://a\n',
      'https:///x y',
      'http://[',
      `https://e.com/${'x'.repeat(2_035)}`,
    ]
    expect(sort(parseUrl, bad)).toEqual([])
  })
})

describe('JSONObject', () => {
  it('is an object within its bounds', () => {
    const deep = (levels: number): object => (levels === 1 ? {} : { in: deep(levels - 1) })
    const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]))
    const good = [
      {},
      { a: [1, 'x', null, { b: true }] },
      deep(8),
      keys(200),
      { t: 'x'.repeat(16_000) },
      { 'ключ\n': 'line\nfeed\t' },
      { constructor: 1 },
    ]
    expect(sort(checkJsonObject, good)).toEqual(good)
    const bad = [
      ...[
        null,
        [],
        'x',
        1,
        undefined,
        deep(9),
        keys(201),
        { t: 'x'.repeat(17_000) },
        { t: 'ü'.repeat(8_200) },
        { a: Number.POSITIVE_INFINITY },
      ],
      ...[
        { a: '\0' },
        { '\u0007': 1 },
        { a: '\ud800' },
        JSON.parse('{"__proto__": {"x": 1}}'),
        JSON.parse('{"a": [{"__proto__": 1}]}'),
        { a: Array(20_000).fill(1) },
      ],
    ]
    expect(sort(checkJsonObject, bad)).toEqual([])
  })
})
