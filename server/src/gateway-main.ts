import { readGatewayConfig } from '@ashlar/kit/config'
import { live } from '@ashlar/kit/process-life'
import { createServerLog } from './server-log.js'
import { startGateway } from './start-gateway.js'

await live({
  start() {
    const config = readGatewayConfig(process.env)
    return startGateway(config, createServerLog(config.logLevel, process.stderr.isTTY === true))
  },
  ready({ url }, startedMs, out) {
    const seconds = (startedMs / 1_000).toFixed(1)
    if (process.send) process.send({ ready: { url, greeting: null, seconds } })
    else out.write(`The gateway is ready on ${url} in ${seconds} s\n`)
  },
})
