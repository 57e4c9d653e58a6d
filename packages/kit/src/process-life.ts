import { ConfigError } from './config.js'

/** Words for the terminal: colours where it has them, plain lines elsewhere. */
export interface Terminal {
  readonly colours: boolean
  write(text: string): void
}

export interface Life<App extends { close(): Promise<void> }> {
  /** Reads the configuration and starts. What it throws with words for people is printed without its stack. */
  start(): Promise<App>
  ready(app: App, startedMs: number, out: Terminal): Promise<void> | void
  /** What is going on finishes within this, 10 s unless given; what does not is cut off. */
  readonly stopMs?: number
}

const STOP_MS = 10_000
/** Errors with words for people name what to do; of anything else the whole is needed. */
const IN_WORDS = new Set(['StartError', 'EmbeddedPostgresError', 'MigrationError', 'CompositionError', 'DatabaseError'])

const terminal = (stream: NodeJS.WriteStream): Terminal => ({
  colours: stream.isTTY === true && stream.hasColors(),
  write: (text) => void stream.write(text),
})
export const out = terminal(process.stdout)
const errors = terminal(process.stderr)

/** Why something does not start, in words for the one who started it. */
export class StartError extends Error {
  override name = 'StartError'
}

/** Lives as long as the process: starts, serves, and stops in order at the first signal, also at one that comes while it starts. */
export async function live<App extends { close(): Promise<void> }>({ start, ready, stopMs = STOP_MS }: Life<App>): Promise<void> {
  const startedAt = performance.now()
  const starting = Promise.resolve().then(start)
  const isStopping = stopOnSignals(() => starting.then((app) => limited(app.close(), stopMs)))
  try {
    const app = await starting
    if (!isStopping()) await ready(app, performance.now() - startedAt, out)
  } catch (error) {
    if (!isStopping()) endWith(error)
  }
}

const INTERRUPTED = 130

/**
 * Does one thing and ends the process with the exit code that it answers. The first signal aborts what is going on, which then ends in
 * order; a second one ends it at once. Errors are told as by `live`.
 */
export async function runOnce(work: (signal: AbortSignal) => Promise<number>): Promise<never> {
  const interrupted = new AbortController()
  const stop = () => {
    if (interrupted.signal.aborted) process.exit(INTERRUPTED)
    interrupted.abort()
    setTimeout(() => process.exit(INTERRUPTED), STOP_MS).unref()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  // Whoever reads may have seen enough: what is going on ends in order all the same.
  process.stdout.on('error', () => {})
  try {
    const code = await work(interrupted.signal)
    process.exit(interrupted.signal.aborted ? INTERRUPTED : code)
  } catch (error) {
    if (interrupted.signal.aborted) process.exit(INTERRUPTED)
    endWith(error)
  }
}

/**
 * The first signal stops in order, a second one at once; what PostgreSQL was asked to keep it has kept either way.
 * Answers whether one has come.
 */
function stopOnSignals(close: () => Promise<void>): () => boolean {
  // What started it says what goes on; and where that ends, this ends too.
  const say = process.send ? () => {} : (text: string) => out.write(text)
  let stopping = false
  const stop = () => {
    if (stopping) process.exit(1)
    stopping = true
    say('\n▸ Stopping …\n')
    close().then(() => {
      say('✓ Stopped\n')
      process.exit(0)
    }, endWith)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  process.once('disconnect', () => {
    if (!stopping) stop()
  })
  return () => stopping
}

/** From when it stops: a start that is under way takes its own time, and what it has begun is ended in order. */
function limited(closing: Promise<void>, stopMs: number): Promise<void> {
  setTimeout(() => {
    announceFailure(`It did not stop within ${stopMs / 1_000} s and was ended.`)
    process.exit(1)
  }, stopMs).unref()
  return closing
}

function endWith(error: unknown): never {
  const known = error instanceof ConfigError || (error instanceof Error && IN_WORDS.has(error.name))
  announceFailure(known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error))
  process.exit(1)
}

function announceFailure(message: string): void {
  errors.write(`\n${errors.colours ? '\u001b[31m✗\u001b[39m' : '✗'} ${message}\n\n`)
}
