import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { StartError } from '@ashlar/kit/process-life'

export interface ProcessOptions {
  /** What it is called in what it prints. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** All of its environment: nothing of this process's own gets there by itself. */
  readonly env: Readonly<Record<string, string>>
  /** Given for what is no program of ours, and so doesn't say it itself: resolves once it is ready. */
  readonly isReady?: () => Promise<boolean>
  readonly onLine: (name: string, line: string) => void
  /** Told what happens to it. */
  readonly onNews: (text: string) => void
}

/** What a process of ours says once it serves. */
export interface Ready {
  readonly url: string
  readonly greeting: string | null
  readonly seconds: string
}

const START_MS = 60_000
const LOOK_MS = 50
const STOP_MS = 12_000
const RESTART_MS = 500
const RESTART_MS_MAX = 30_000
/** Whoever lived so long before they died gets a new start at once. */
const STEADY_MS = 60_000
const LINES_KEPT = 20

/** A process that is kept running: when it dies by itself that is said, and it is started again, ever more slowly. */
export class ManagedProcess {
  private child: ChildProcess | null = null
  private stopping = false
  /** Whether it has ever served: what does not even start is not tried again. */
  private served = false
  private timer: NodeJS.Timeout | undefined
  private waitMs = RESTART_MS
  private startedAt = 0
  /** The last of what it printed, for the case that it does not start. */
  private lines: string[] = []

  constructor(private readonly options: ProcessOptions) {}

  get name(): string {
    return this.options.name
  }

  /** null while it is not running. */
  get pid(): number | null {
    return this.child?.pid ?? null
  }

  /** Resolves when it serves for the first time. @throws StartError with what it printed, where it ends before */
  async start(): Promise<Ready | null> {
    try {
      return await this.spawn()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** SIGTERM, and what has not ended 12 s later is killed. */
  async stop(): Promise<void> {
    this.stopping = true
    clearTimeout(this.timer)
    const { child } = this
    if (!child || hasEnded(child)) return
    const cut = setTimeout(() => {
      this.options.onNews(`${this.name} did not stop within ${STOP_MS / 1_000} s and was killed`)
      child.kill('SIGKILL')
    }, STOP_MS)
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    clearTimeout(cut)
  }

  private async spawn(): Promise<Ready | null> {
    const { command, args, env, isReady, onLine } = this.options
    this.startedAt = performance.now()
    // In a group of its own: Ctrl-C in the terminal is for this process, which stops the others in their order.
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe', ...(isReady ? [] : ['ipc' as const])], detached: true })
    this.child = child
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue
      createInterface(stream).on('line', (line) => {
        if (line === '') return
        this.lines = [...this.lines.slice(1 - LINES_KEPT), line]
        onLine(this.name, line)
      })
    }
    const readiness = isReady ? waitUntil(isReady, child) : readyOf(child)
    child.once('exit', (code, signal) => this.ended(child, signal ?? `code ${code}`))
    const ready = await readiness
    if (ready !== 'ended') this.served = true
    else throw new StartError(`${this.name} does not start:\n${this.lines.join('\n')}`)
    return ready
  }

  private ended(child: ChildProcess, how: string): void {
    if (this.child !== child || this.stopping) return
    this.child = null
    if (!this.served) return
    if (performance.now() - this.startedAt > STEADY_MS) this.waitMs = RESTART_MS
    this.options.onNews(`${this.name} died (${how}): starting it again in ${this.waitMs / 1_000} s`)
    this.timer = setTimeout(() => void this.again(), this.waitMs)
    this.waitMs = Math.min(2 * this.waitMs, RESTART_MS_MAX)
  }

  private async again(): Promise<void> {
    try {
      const ready = await this.spawn()
      this.options.onNews(`${this.name} serves again${ready ? ` after ${ready.seconds} s` : ''}`)
    } catch {
      // That it ended is said, and what follows from it, where it ends.
    }
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null || child.pid === undefined

function readyOf(child: ChildProcess): Promise<Ready | 'ended'> {
  return new Promise((resolve) => {
    const tooLate = setTimeout(() => child.kill('SIGKILL'), START_MS)
    const settle = (ready: Ready | 'ended') => {
      clearTimeout(tooLate)
      resolve(ready)
    }
    child.once('exit', () => settle('ended'))
    child.once('error', () => settle('ended'))
    child.once('message', ({ ready }: { ready: Ready }) => settle(ready))
  })
}

async function waitUntil(isReady: () => Promise<boolean>, child: ChildProcess): Promise<null | 'ended'> {
  child.once('error', () => {})
  for (const end = performance.now() + START_MS; performance.now() < end && !hasEnded(child); ) {
    if (await isReady()) return null
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  return 'ended'
}
