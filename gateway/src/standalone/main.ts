import { stderrLog } from '@ashlar/kit/log'
import { live, out } from '@ashlar/kit/process-life'
import { readSettings, USAGE } from './settings.js'
import { startStandalone } from './start.js'

if (process.argv.includes('--help')) out.write(`${USAGE}\n`)
else
  await live({
    async start() {
      const settings = readSettings(process.argv.slice(2), process.env)
      if (!settings) throw new Error(USAGE)
      return startStandalone(settings, stderrLog(settings.logLevel))
    },
    ready({ url, services }, startedMs) {
      out.write(`The gateway is ready on ${url}/graphql in ${(startedMs / 1_000).toFixed(1)} s, for ${services().join(', ')}\n`)
    },
  })
