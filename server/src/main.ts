import { readConfig } from '@ashlar/kit/config'
import { live, out } from '@ashlar/kit/process-life'
import { announceReady } from './announce.js'
import { createServerLog } from './server-log.js'
import { start } from './start.js'

await live({
  start() {
    const settings = readConfig(process.env)
    const log = createServerLog(settings.logLevel, process.stderr.isTTY === true)
    return start(settings, { log, onProgress: (step) => out.write(`▸ ${step} …\n`) })
  },
  ready: announceReady,
})
