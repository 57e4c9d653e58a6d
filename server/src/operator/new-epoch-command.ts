import { readConfig } from '@ashlar/kit/config'
import { newEpoch } from '@ashlar/kit/events/new-epoch'
import { StartError } from '@ashlar/kit/process-life'
import { readCommandLine } from './command-line.js'
import { confirm } from './confirm.js'
import type { CommandOptions } from './consumers-command.js'
import { reachServices } from './reach-services.js'
import { reasonsOf, upToDate } from './standings.js'

const USAGE = `npm run new-epoch                    a new epoch for the log of every service
npm run new-epoch -- <service>…      of these alone

  --yes   without being asked`

const OPTIONS = { yes: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } as const

/** `npm run new-epoch`. Answers its exit code. @throws StartError, ConfigError in words for people */
export async function newEpochCommand(args: readonly string[], { env, out, signal }: CommandOptions): Promise<number> {
  const { values, positionals } = readCommandLine(args, OPTIONS, USAGE)
  if (values.help) {
    out.write(`${USAGE}\n`)
    return 0
  }
  await using services = await reachServices(readConfig(env), positionals)
  signal.throwIfAborted()
  // All or none: after a recovery half of the logs would be no better than none.
  if (services.unreached.size > 0) throw new StartError(['No log got a new epoch.', ...reasonsOf(services.unreached)].join('\n'))
  out.write(`${wordsFor([...services.reached.keys()])}\n`)
  if (!(await confirm('Begin a new epoch?', { yes: values.yes, signal }))) {
    out.write('Nothing was changed.\n')
    return 1
  }
  for (const [service, db] of services.reached) {
    const { before, now } = await upToDate(db, () => newEpoch(db))
    out.write(`✓ ${service}: ${before} → ${now}\n`)
  }
  out.write('Running processes notice within 10 s; nothing has to be started anew.\n')
  return 0
}

const wordsFor = (services: readonly string[]): string => `A new epoch for the log of ${services.join(', ')}, after which:
  - every cursor of before is STALE_CURSOR, in subscriptions that run too: clients read what is there now, and go on from that;
  - every consumer of these logs starts over at their beginning: what it has done before it finds done, and what the recovery has
    lost it does again;
  - what consumers hold back of them is let go, and tried from the beginning like all else.`
