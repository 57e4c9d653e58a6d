import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readConfig } from '@ashlar/kit/config'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startTestApp, type TestApp } from './app/test-app.js'
import { type Block, blocksOf } from './documents/blocks.js'
import { type Ran, run } from './documents/run.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Changes the clone it is run in, and has a test of its own. */
const OWN_TEST = 'docs/adding-a-service.md'

const documents = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

const hasCurl = spawnSync('curl', ['--version']).status === 0
if (!hasCurl) process.stderr.write('The commands of README and docs are not run: there is no curl on the PATH.\n')

describe.each(documents)('%s', (document) => {
  const blocks = blocksOf(join(ROOT, document))
  const starts = blocks.flatMap(({ line, started }) => (started ? [{ line, started }] : []))
  const runnable = document === OWN_TEST ? [] : blocks.filter(({ script }) => script.trim() !== '')

  if (starts.length > 0)
    it.each(starts)('starts with variables that are understood, line $line', ({ started }) => {
      expect(() => readConfig(started)).not.toThrow()
    })
  if (hasCurl && runnable.length > 0) describeCommands(runnable, starts[0]?.started ?? { DEMO: '1' })

  it('names scripts that there are', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    expect(blocks.flatMap((block) => block.scripts).filter((name) => !(name in scripts))).toEqual([])
  })

  it('links to what is there', () => {
    const text = readFileSync(join(ROOT, document), 'utf8')
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target).filter((target) => !/^https?:/.test(target))
    const missing = links.filter((target) => {
      const [path = '', anchor] = target.split('#')
      const file = path ? join(ROOT, dirname(document), path) : join(ROOT, document)
      return !existsSync(file) || (anchor !== undefined && !anchorsOf(file).includes(anchor))
    })
    expect(missing).toEqual([])
  })
})

it('tells of every variable there is', () => {
  const variables = [...readFileSync(join(ROOT, 'packages/kit/src/config.ts'), 'utf8').matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(
    ([, name]) => name,
  )
  expect(variables.length).toBeGreaterThan(15)
  for (const document of ['README.md', 'docs/configuration.md']) {
    const text = readFileSync(join(ROOT, document), 'utf8')
    expect(variables.filter((name) => !new RegExp(`\`${name}[\`=]`).test(text))).toEqual([])
  }
})

function describeCommands(blocks: readonly Block[], env: Readonly<Record<string, string>>) {
  describe('run from the top', () => {
    let test: TestApp
    let ran: Ran
    beforeAll(async () => {
      test = await startTestApp({ env })
      const { port } = test.app.config
      const here = (script: string) =>
        script.replaceAll('localhost:4000', `localhost:${port}`).replaceAll(/(?<![\w/])\.ashlar\//g, `${test.dataDir}/`)
      ran = await run(blocks, ROOT, here)
    }, 120_000)
    afterAll(() => test.close())

    it.each(blocks.map((block, number) => ({ ...block, number })))('does what it says, line $line', ({ number, printed }) => {
      const found = ran.printed[number]
      if (found === undefined) throw new Error(`It failed with ${ran.exitCode}:\n${ran.complaints}`)
      if (printed !== undefined) expect(JSON.parse(found)).toEqual(expected(printed))
    })
  })
}

/** What a document shows may leave fields out, and the middle of a text as `…`; what it shows has to be so. */
function expected(shown: unknown): unknown {
  if (typeof shown === 'string' && shown.includes('…')) {
    const parts = shown.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    return expect.stringMatching(new RegExp(`^${parts.join('[\\s\\S]*')}$`))
  }
  if (Array.isArray(shown)) return shown.map(expected)
  if (typeof shown === 'object' && shown !== null)
    return expect.objectContaining(Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, expected(value)])))
  return shown
}

/** As GitHub makes them of headings. */
const anchorsOf = (file: string): string[] =>
  relative(ROOT, file).endsWith('.md')
    ? [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
        heading
          .toLowerCase()
          .replace(/[^\p{L}\p{N}\s_-]/gu, '')
          .trim()
          .replaceAll(' ', '-'),
      )
    : []
