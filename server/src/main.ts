import { ConfigError, readConfig, type Settings } from '@ashlar/kit/config'
import { announceFailure, announceReady, type Terminal } from './announce.js'
import { createServerLog } from './server-log.js'
import { start } from './start.js'

/** What is going on finishes within this; what does not is cut off. */
const STOP_MS = 10_000

const startedAt = performance.now()
const terminal = (stream: NodeJS.WriteStream): Terminal => ({
  colours: stream.isTTY === true && stream.hasColors(),
  write: (text) => void stream.write(text),
})
const out = terminal(process.stdout)
const errors = terminal(process.stderr)

const settings = settingsOrEnd()
const log = createServerLog(settings.logLevel, process.stderr.isTTY === true)
try {
  const app = await start(settings, { log, onProgress: (step) => out.write(`▸ ${step} …\n`) })
  announceReady(app, performance.now() - startedAt, out)
  stopOnSignals(() => app.close())
} catch (error) {
  endWith(error)
}

function settingsOrEnd(): Settings {
  try {
    return readConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    announceFailure(error.message, errors)
    process.exit(1)
  }
}

/** The first signal stops in order, a second one at once; what PostgreSQL was asked to keep it has kept either way. */
function stopOnSignals(close: () => Promise<void>): void {
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1)
      stopping = true
      out.write('\n▸ Stopping …\n')
      setTimeout(() => {
        announceFailure(`It did not stop within ${STOP_MS / 1_000} s and was ended.`, errors)
        process.exit(1)
      }, STOP_MS).unref()
      close().then(() => {
        out.write('✓ Stopped\n')
        process.exit(0)
      }, endWith)
    })
  }
}

function endWith(error: unknown): never {
  // Errors with words for people name what to do; of anything else the whole is needed.
  const known =
    error instanceof Error &&
    ['StartError', 'EmbeddedPostgresError', 'MigrationError', 'CompositionError', 'DatabaseError'].includes(error.name)
  announceFailure(known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error), errors)
  process.exit(1)
}
