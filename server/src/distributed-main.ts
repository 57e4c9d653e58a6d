import { readConfig } from '@ashlar/kit/config'
import { live, out } from '@ashlar/kit/process-life'
import { announceDistributed } from './announce.js'
import { printedLine } from './distributed/printed-line.js'
import { startDistributed } from './distributed/start-distributed.js'
import { createServerLog } from './server-log.js'

/** Gateways, then services, then NATS and PostgreSQL, each with its own time. */
const STOP_MS = 45_000
const NAME_WIDTH = 10

const forPeople = process.stderr.isTTY === true

await live({
  stopMs: STOP_MS,
  async start() {
    const settings = readConfig(process.env)
    const log = createServerLog(settings.logLevel, forPeople)
    const app = await startDistributed(settings, {
      env: process.env,
      log,
      onProgress: (step) => out.write(`▸ ${step} …\n`),
      onLine: (name, line) => process.stderr.write(printedLine(name, line, { forPeople, width: NAME_WIDTH })),
      onNews: (text) => out.write(`▸ ${text}\n`),
    })
    return { ...app, settings }
  },
  ready: announceDistributed,
})
