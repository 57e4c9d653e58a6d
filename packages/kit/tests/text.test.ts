import { describe, expect, it } from '@jest/globals'
import { checkText, excerptOf, readingMinutesOf, renderMarkdown } from '../src/text.js'

const codeOf = (work: () => unknown) => {
  try {
    work()
    return 'fine'
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('a checked text', () => {
  it('is any text of every script, with line feeds and tabs', () => {
    for (const text of ['', 'a\n\tb', 'שלום', '👩‍👩‍👧', 'ｆｕｌｌ', 'a\u2028b'])
      expect(checkText(text, { path: ['t'], max: 20 })).toBe(text)
  })

  it('has no control characters and no halves of a pair', () => {
    for (const text of ['a\0', '\u001b[31m', 'a\rb', '\u0085', '\ud83d', 'x\udc00y'])
      expect(codeOf(() => checkText(text, { path: ['t'], max: 20 }))).toBe('BAD_USER_INPUT')
  })

  it('is as long as it may be in characters, not in code units', () => {
    expect(codeOf(() => checkText('👍'.repeat(20), { path: ['t'], max: 20 }))).toBe('fine')
    expect(codeOf(() => checkText('👍'.repeat(21), { path: ['t'], max: 20 }))).toBe('BAD_USER_INPUT')
    expect(codeOf(() => checkText('a'.repeat(1_000_000), { path: ['t'], max: 300 }))).toBe('BAD_USER_INPUT')
    expect(codeOf(() => checkText(' \n ', { path: ['t'], max: 20, min: 1 }))).toBe('BAD_USER_INPUT')
  })
})

describe('rendered CommonMark', () => {
  const htmlOf = async (source: string) => (await renderMarkdown(source)).html

  it('has headings, lists, tables, code and autolinks', async () => {
    expect(await htmlOf('# A\n\n- b\n- `c`\n\n| d | e |\n|:-:|---|\n| 1 | 2 |\n\nhttps://example.com')).toBe(
      [
        '<h1>A</h1>\n<ul>\n<li>b</li>\n<li><code>c</code></li>\n</ul>\n',
        '<table>\n<thead>\n<tr>\n<th align="center">d</th>\n<th>e</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td align="center">1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>\n',
        '<p><a href="https://example.com" rel="nofollow ugc noopener">https://example.com</a></p>',
      ].join(''),
    )
  })

  it('keeps nothing that could run, style, name or submit', async () => {
    const hostile = [
      ...[
        '<script>alert(1)</script>',
        '<img src=x onerror=alert(1)>',
        '<svg onload=alert(1)>',
        '<form action=/x><input></form>',
        '<b id=x class=y style=z name=n>b</b>',
      ],
      ...[
        '[x](javascript:alert(1))',
        '[x](JaVaScRiPt:alert(1))',
        '[x](data:text/html,x)',
        '[x](vbscript:x)',
        '![x](data:image/svg+xml,x)',
        '<javascript:alert(1)>',
      ],
      ...[
        '[x](//example.com)',
        '[x](https://e.com "\\" onclick=alert(1) x=\\"")',
        '```"><script>\nx\n```',
        '# x {#id .class}',
        '<iframe src="https://e.com"></iframe>',
        '<!-- x -->',
      ],
    ]
    for (const source of hostile) {
      const html = await htmlOf(`before\n\n${source}\n\nafter`)
      expect(html).not.toMatch(
        /<(script|svg|form|input|iframe|style|b)\b|\s(on\w+|id|class|style|name)\s*=(?![^<]*&quot;)|(href|src)="(javascript|data|vbscript|\/\/)|<!--/i,
      )
      expect(html).toContain('<p>after</p>')
    }
  })

  it('bears long and hostile texts in a thread, while this one goes on', async () => {
    const started = performance.now()
    let turns = 0
    const ticking = setInterval(() => {
      turns += 1
    }, 5)
    const sources = [
      'word '.repeat(39_000),
      '[a]('.repeat(40_000),
      `${'> '.repeat(5_000)}x`,
      '*a '.repeat(60_000),
      '|a'.repeat(50_000),
      '`'.repeat(199_000),
    ]
    const outcomes = await Promise.allSettled(sources.map((source) => renderMarkdown(source)))
    clearInterval(ticking)
    expect(outcomes[0]?.status).toBe('fulfilled')
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason.code).toBe('BAD_USER_INPUT')
    expect(turns).toBeGreaterThan((performance.now() - started) / 100)
  }, 60_000)

  it('leaves a plain text, for excerpts and searches', async () => {
    const { text } = await renderMarkdown(
      '# Title\n\nSome *em* and `code`,\nnext [line](https://e.com).\n\n<b>raw</b>\n\n![alt](https://e.com/i.png)\n\n```\nblock\n```',
    )
    expect(text).toBe('Title\nSome em and code, next line.\nraw\nalt\nblock')
  })
})

describe('what is made of a text', () => {
  it('is an excerpt cut between words, never inside of a character', () => {
    expect(excerptOf('short')).toBe('short')
    expect(excerptOf('one two three four', 12)).toBe('one two…')
    expect(excerptOf('👩‍👩‍👧'.repeat(20), 5)).toBe(`${'👩‍👩‍👧'.repeat(4)}…`)
    expect(excerptOf('x'.repeat(1_000_000), 10)).toBe(`${'x'.repeat(9)}…`)
  })

  it('is the minutes that reading takes, in scripts with and without blanks', () => {
    expect(readingMinutesOf('')).toBe(1)
    expect(readingMinutesOf('word '.repeat(1_000))).toBe(5)
    expect(readingMinutesOf('字'.repeat(5_000))).toBe(10)
  })
})
