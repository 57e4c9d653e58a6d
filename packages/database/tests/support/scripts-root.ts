import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageFolder } from './program.js'

export interface Outcome {
  /** The words of turbo's first line of it. */
  readonly cache: 'hit' | 'miss'
  /** What jest leaves behind; null where it does not come to that. */
  readonly result: { readonly passed: number; readonly failed: number; readonly broken: number; readonly skipped: number } | null
}

/** A root of its own with this project's scripts in it, and a turbo and an npm that do what the test says. */
export class ScriptsRoot implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(workspaces: readonly string[]): Promise<ScriptsRoot> {
    const root = new ScriptsRoot(await mkdtemp(join(tmpdir(), 'ashlar-scripts-')))
    cpSync(join(packageFolder, '../../scripts'), join(root.path, 'scripts'), { recursive: true })
    root.write('package.json', JSON.stringify({ type: 'module', workspaces: ['packages/*'] }))
    for (const file of ['codegen.yml', 'turbo.json', 'tsconfig.build.json', 'prisma/one.prisma']) root.write(file, '')
    for (const name of workspaces)
      root.write(`packages/${name}/package.json`, JSON.stringify({ name: `@ashlar/${name}`, scripts: { test: 'jest' } }))
    root.install()
    return root
  }

  write(file: string, text: string): void {
    mkdirSync(join(this.path, file, '..'), { recursive: true })
    writeFileSync(join(this.path, file), text)
  }

  /** As npm would leave it for these packages. */
  install(packages: Readonly<Record<string, object>> = {}, installed = packages): void {
    this.write('package-lock.json', JSON.stringify({ packages }))
    this.write('node_modules/.package-lock.json', JSON.stringify({ packages: installed }))
    this.write('node_modules/.bin/turbo', '')
    this.write('node_modules/turbo/package.json', JSON.stringify({ type: 'commonjs' }))
    this.write('node_modules/turbo/bin/turbo', TURBO)
  }

  async run(script: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; lines: string[] }> {
    const child = spawn(process.execPath, [join(this.path, 'scripts', script), ...args], {
      env: { ...process.env, NODE_OPTIONS: '', npm_execpath: join(this.path, 'npm-cli.js'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += data))
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { code, lines: text.split('\n').filter(Boolean) }
  }

  test(outcomes: Readonly<Record<string, Outcome>>, args: readonly string[] = []) {
    return this.run('test.mjs', args, { OUTCOMES: JSON.stringify(outcomes) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

const TURBO = `
const { appendFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const root = join(__dirname, '../../..')
appendFileSync(join(root, 'turbo.log'), process.argv.slice(2).join(' ') + '\\n')
if (process.argv[3] === 'test') {
  const outcomes = JSON.parse(process.env.OUTCOMES)
  for (const [name, { cache, result }] of Object.entries(outcomes)) {
    console.log('@ashlar/' + name + ':test: cache ' + cache + ', something')
    console.log('@ashlar/' + name + ':test: words of ' + name)
    if (!result) continue
    writeFileSync(join(root, 'packages', name, 'test-results.json'), JSON.stringify({
      numPassedTests: result.passed, numFailedTests: result.failed, numRuntimeErrorTestSuites: result.broken, numPendingTests: result.skipped,
      startTime: 1000, testResults: [{ endTime: 2500 }],
    }))
  }
  if (Object.values(outcomes).some(({ result }) => !result || result.failed || result.broken)) process.exit(1)
}
`
