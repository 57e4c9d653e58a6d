import { readConfig } from '@ashlar/kit/config'
import type { Terminal } from '@ashlar/kit/process-life'
import { misused, readCommandLine } from './command-line.js'
import { release, skip } from './held-topic.js'
import { listConsumers } from './list-consumers.js'
import { reachServices } from './reach-services.js'

const USAGE = `npm run consumers                                   where every consumer stands, and what it holds back
npm run consumers -- release <consumer> <topic>     try the topic again now
npm run consumers -- skip <consumer> <topic>        leave out the event that fails, and go on behind it

  --json            the list for machines (npm run -s consumers -- --json)
  --service <name>  of this service alone
  --position <n>    skip: only if it is this event that fails
  --yes             skip: without being asked`

const OPTIONS = {
  json: { type: 'boolean', default: false },
  service: { type: 'string', multiple: true, default: [] as string[] },
  position: { type: 'string' },
  yes: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

export interface CommandOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: Pick<Terminal, 'write'>
  /** How long a line may be. */
  readonly width: number
  readonly signal: AbortSignal
}

/** `npm run consumers`. Answers its exit code. @throws StartError, ConfigError in words for people */
export async function consumersCommand(args: readonly string[], { env, out, width, signal }: CommandOptions): Promise<number> {
  const { values, positionals } = readCommandLine(args, OPTIONS, USAGE)
  const { json, service, yes, help } = values
  if (help) {
    out.write(`${USAGE}\n`)
    return 0
  }
  const [action, consumer, topic, more] = positionals
  const known = action === undefined || ['release', 'skip'].includes(action)
  if (!known) throw misused(`${JSON.stringify(action)} is nothing that consumers can do.`, USAGE)
  if (action !== undefined && (!consumer || !topic || more !== undefined))
    throw misused(`To ${action}, name a consumer and a topic.`, USAGE)
  if (json && action !== undefined) throw misused('--json goes with the list alone.', USAGE)
  const position = positionIn(values.position)
  if (position !== null && action !== 'skip') throw misused('--position goes with skip alone.', USAGE)

  await using services = await reachServices(readConfig(env), service)
  signal.throwIfAborted()
  // Awaited here: with the return the services are closed.
  if (!consumer || !topic) return await listConsumers(services, out, { json, width })
  if (action === 'release') return await release(services, [consumer, topic], out)
  return await skip(services, [consumer, topic], out, { position, yes, signal })
}

function positionIn(text: string | undefined): number | null {
  if (text === undefined) return null
  if (!/^\d{1,15}$/.test(text)) throw misused('--position is a number, as the list shows it.', USAGE)
  return Number(text)
}
