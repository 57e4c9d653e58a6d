import { out, runOnce } from '@ashlar/kit/process-life'
import { consumersCommand } from './consumers-command.js'

await runOnce((signal) =>
  consumersCommand(process.argv.slice(2), { env: process.env, out, width: process.stdout.columns ?? Number.POSITIVE_INFINITY, signal }),
)
