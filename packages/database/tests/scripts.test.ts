import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { type Outcome, ScriptsRoot } from './support/scripts-root.js'

const passed = (count: number, cache: Outcome['cache'] = 'miss'): Outcome => ({
  cache,
  result: { passed: count, failed: 0, broken: 0, skipped: 0 },
})
const turboRuns = (root: ScriptsRoot, task: string) =>
  existsSync(join(root.path, 'turbo.log'))
    ? readFileSync(join(root.path, 'turbo.log'), 'utf8')
        .split('\n')
        .filter((line) => line.startsWith(`run ${task}`))
    : []

describe('npm test', () => {
  it('tells of each package and ends with what passed and failed', async () => {
    await using root = await ScriptsRoot.make(['one', 'two'])
    const { code, lines } = await root.test({ one: passed(3), two: passed(4, 'hit') })
    expect(code).toBe(0)
    expect(lines.filter((line) => line.startsWith('✓ packages/'))).toEqual([
      expect.stringMatching(/one +3 passed {2}\(1\.5 s\)$/),
      expect.stringMatching(/two +4 passed {2}\(unchanged since it passed\)$/),
    ])
    expect(lines.at(-1)).toBe('7 passed, 0 failed')
  })

  it('fails where a test fails, a file does not load or a package does not finish, and shows its words', async () => {
    await using root = await ScriptsRoot.make(['one', 'two', 'three'])
    const { code, lines } = await root.test({
      one: { cache: 'miss', result: { passed: 1, failed: 2, broken: 0, skipped: 1 } },
      two: { cache: 'miss', result: { passed: 1, failed: 0, broken: 1, skipped: 0 } },
      three: { cache: 'miss', result: null },
    })
    expect(code).toBe(1)
    expect(lines.at(-1)).toBe('2 passed, 4 failed, 1 skipped')
    for (const name of ['one', 'two', 'three']) expect(lines).toContain(`    words of ${name}`)
  })

  it('takes no result of an earlier run for one of this', async () => {
    await using root = await ScriptsRoot.make(['one'])
    await root.test({ one: passed(3) })
    const { code, lines } = await root.test({ one: { cache: 'miss', result: null } })
    expect([code, lines.at(-1)]).toEqual([1, '0 passed, 1 failed'])
  })

  it('runs the packages that it is given, and hands the rest to jest', async () => {
    await using root = await ScriptsRoot.make(['one', 'two'])
    await root.test({ two: passed(1) }, ['packages/two', '--force', '-t', 'signs in'])
    expect(turboRuns(root, 'test')).toEqual([expect.stringMatching(/ --force --filter=@ashlar\/two -- --passWithNoTests -t signs in$/)])
  })
})

describe('what comes before', () => {
  const build = async (root: ScriptsRoot) => {
    const before = turboRuns(root, 'build').length
    await root.test({})
    return turboRuns(root, 'build').length - before
  }

  it('builds once, and again where a source is another or what was built is gone', async () => {
    await using root = await ScriptsRoot.make(['one'])
    root.write('packages/one/dist/main.js', '')
    expect(await build(root)).toBe(1)
    expect(await build(root)).toBe(0)
    root.write('packages/one/tests/one.test.ts', '')
    expect(await build(root)).toBe(0)
    root.write('packages/one/src/one.ts', '')
    expect(await build(root)).toBe(1)
    rmSync(join(root.path, 'packages/one/dist'), { recursive: true })
    expect(await build(root)).toBe(1)
  })

  // What "npm" does is to say how it was called and, where it is told to, to leave what it would have installed.
  const NPM = `
    const { appendFileSync, writeFileSync } = require('node:fs')
    appendFileSync(__dirname + '/npm.log', process.argv.slice(2).join(' ') + '\\n')
    if (process.env.INSTALLS) writeFileSync(__dirname + '/node_modules/.package-lock.json', process.env.INSTALLS)
    process.exit(process.env.INSTALLS ? 0 : 1)
  `
  const wanted = { '': {}, 'node_modules/a': { version: '1.0.0', integrity: 'x' }, 'node_modules/b': { version: '1.0.0', optional: true } }
  const { 'node_modules/b': _, ...enough } = wanted
  const install = async (root: ScriptsRoot, env: NodeJS.ProcessEnv = { INSTALLS: JSON.stringify({ packages: enough }) }) => {
    root.write('package.json', JSON.stringify({ type: 'commonjs', workspaces: ['packages/*'] }))
    root.write('npm-cli.js', NPM)
    rmSync(join(root.path, 'npm.log'), { force: true })
    const { code } = await root.run('test.mjs', [], { OUTCOMES: '{}', ...env })
    const log = join(root.path, 'npm.log')
    return { code, npm: existsSync(log) ? readFileSync(log, 'utf8').split(' ').slice(0, 2).join(' ') : null }
  }

  it('installs nothing where all is there, with or without what one may do without', async () => {
    await using root = await ScriptsRoot.make([])
    root.install(wanted)
    expect(await install(root)).toMatchObject({ npm: null })
    root.install(wanted, enough)
    expect(await install(root)).toMatchObject({ npm: null })
  })

  it('installs in place where the lock file asks for something else', async () => {
    await using root = await ScriptsRoot.make([])
    root.install(wanted, { ...enough, 'node_modules/a': { version: '0.9.0', integrity: 'y' } })
    expect(await install(root)).toMatchObject({ npm: 'install --no-save' })
    expect(await install(root)).toMatchObject({ npm: null })
  })

  it('installs anew where an installation was cut off', async () => {
    await using root = await ScriptsRoot.make([])
    root.install(wanted)
    rmSync(join(root.path, 'node_modules/.package-lock.json'))
    expect(await install(root)).toMatchObject({ npm: 'ci --include=dev' })
  })

  it('takes npm’s word that it is done, also where the lock file names more than is needed', async () => {
    await using root = await ScriptsRoot.make([])
    root.install({ ...wanted, 'node_modules/c': { version: '1.0.0' } }, enough)
    expect(await install(root)).toMatchObject({ npm: 'install --no-save' })
    expect(await install(root)).toMatchObject({ npm: null })
  })

  it('stops with a word where npm fails', async () => {
    await using root = await ScriptsRoot.make([])
    root.install(wanted, {})
    expect(await install(root, {})).toMatchObject({ code: 1, npm: 'install --no-save' })
  })

  it('is done by one of two that start at once, while the other waits', async () => {
    await using root = await ScriptsRoot.make(['one'])
    await Promise.all([root.test({ one: passed(1) }), root.test({ one: passed(1) }), root.test({ one: passed(1) })])
    expect(turboRuns(root, 'build')).toHaveLength(1)
  })
})
