import { run } from './run.js'
import { readSettings } from './settings.js'

/** `npm run faults`: the long form, by hand. Ctrl-C ends it after the round that runs; a second one at once. */
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(1)
    stopping.abort()
  })

try {
  const settings = readSettings(process.argv.slice(2))
  const found = await run({ settings, signal: stopping.signal, say: (line) => console.log(line) })
  process.exitCode = found.count > 0 ? 1 : 0
} catch (error) {
  console.error(error instanceof Error && error.message.includes('npm run faults') ? error.message : error)
  process.exitCode = 1
}
