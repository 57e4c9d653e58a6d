import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface ProgramOptions {
  readonly mode?: 'write'
  readonly env?: NodeJS.ProcessEnv
  readonly account?: { readonly uid: number; readonly gid: number }
  /** The folder of a package like this one, to run there instead. */
  readonly package?: string
  /** In a session of its own, as a shell starts what a Ctrl-C then ends. */
  readonly session?: boolean
}

type Line = Readonly<Record<string, unknown>>
interface Ready {
  readonly ready: { readonly embedded: boolean; readonly address: string; readonly version: string; readonly pid: number }
  readonly ms: number
}

/** A process of its own that serves from a data folder (programs/serve.mjs). */
export class Program {
  readonly lines: Line[] = []
  readonly #waiting = new Set<() => void>()
  readonly #child: ChildProcess
  #end: number | NodeJS.Signals | null = null

  constructor(dataDir: string, { mode, env = {}, account, package: folder = packageFolder, session = false }: ProgramOptions = {}) {
    const program = `${folder}/tests/programs/serve.mjs`
    if (!existsSync(`${folder}/dist/start.js`)) throw new Error('the programs of the tests run what was built: npm run build')
    const { NODE_OPTIONS: _, ...inherited } = process.env
    this.#child = spawn(process.execPath, [program, dataDir, ...(mode ? [mode] : [])], {
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: '/',
      detached: session,
      ...account,
    })
    const { stdout, stderr } = this.#child
    if (!stdout || !stderr) throw new Error('it has no output')
    createInterface(stdout).on('line', (line) => this.#add(JSON.parse(line)))
    createInterface(stderr).on('line', (line) => this.#add({ stderr: line }))
    this.#child.once('close', (code, signal) => {
      this.#end = signal ?? code
      this.#tell()
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** @throws Error where it does not come to serve. */
  async ready(): Promise<Ready> {
    await this.#until(() => this.#find('ready'))
    const found = this.#find('ready')
    if (!found) throw new Error(`the program ended: ${JSON.stringify(this.lines)}`)
    return found as unknown as Ready
  }

  async failure(): Promise<{ name: string; message: string }> {
    await this.ended()
    const found = this.#find('failed')
    if (!found) throw new Error(`the program did not fail: ${JSON.stringify(this.lines)}`)
    return found.failed as { name: string; message: string }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Its exit code, or the signal that ended it. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    await this.#until(() => false)
    return this.#end
  }

  async line(key: string, count = 1): Promise<void> {
    await this.#until(() => this.all(key).length >= count)
  }

  all(key: string): unknown[] {
    return this.lines.filter((line) => key in line).map((line) => line[key])
  }

  #find(key: string): Line | undefined {
    return this.lines.find((line) => key in line)
  }

  #add(line: Line): void {
    this.lines.push(line)
    this.#tell()
  }

  #tell(): void {
    for (const look of this.#waiting) look()
  }

  // Until it is so, or the program has ended.
  #until(isSo: () => unknown): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!isSo() && this.#end === null) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }
}

export const packageFolder = fileURLToPath(new URL('../..', import.meta.url))
