import { out, runOnce } from '@ashlar/kit/process-life'
import { newEpochCommand } from './new-epoch-command.js'

await runOnce((signal) =>
  newEpochCommand(process.argv.slice(2), { env: process.env, out, width: process.stdout.columns ?? Number.POSITIVE_INFINITY, signal }),
)
