import { readConfig } from '@ashlar/kit/config'
import type { Terminal } from '@ashlar/kit/process-life'
import { misused, readCommandLine } from './command-line.js'
import { release, releaseAll, skip } from './held-topic.js'
import { listConsumers } from './list-consumers.js'
import { reachServices } from './reach-services.js'

const USAGE = `npm run consumers                                   where every consumer stands, and what it holds back
npm run consumers -- release <consumer> <topic>     try the topic again now
npm run consumers -- release <consumer> --all       the same for all that it holds back
npm run consumers -- skip <consumer> <topic>        leave out the event that fails, and go on behind it

  --json            the list for machines (npm run -s consumers -- --json)
  --service <name>  of this service alone
  --position <n>    skip: only if it is this event that fails
  --yes             skip: without being asked`

const OPTIONS = {
  json: { type: 'boolean', default: false },
  service: { type: 'string', multiple: true, default: [] as string[] },
  all: { type: 'boolean', default: false },
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
  const { service, yes, help } = values
  if (help) {
    out.write(`${USAGE}\n`)
    return 0
  }
  const asked = understand(values, positionals)
  await using services = await reachServices(readConfig(env), service)
  signal.throwIfAborted()
  // Awaited here: with the return the services are closed.
  switch (asked.action) {
    case 'list':
      return await listConsumers(services, out, { json: asked.json, width })
    case 'release':
      return await release(services, asked.of, out)
    case 'release all':
      return await releaseAll(services, asked.consumer, out)
    case 'skip':
      return await skip(services, asked.of, out, { position: asked.position, yes, signal })
  }
}

type Asked =
  | { readonly action: 'list'; readonly json: boolean }
  | { readonly action: 'release'; readonly of: readonly [consumer: string, topic: string] }
  | { readonly action: 'release all'; readonly consumer: string }
  | { readonly action: 'skip'; readonly of: readonly [consumer: string, topic: string]; readonly position: number | null }

interface Values {
  readonly json: boolean
  readonly all: boolean
  readonly position?: string | undefined
}

/** @throws StartError with how it is used, for what makes no sense */
function understand({ json, all, position: text }: Values, [action, consumer, topic, ...more]: readonly string[]): Asked {
  const position = positionIn(text)
  if (json && action !== undefined) throw misused('--json goes with the list alone.', USAGE)
  if (all && action !== 'release') throw misused('--all goes with release alone.', USAGE)
  if (position !== null && action !== 'skip') throw misused('--position goes with skip alone.', USAGE)
  if (action === undefined) return { action: 'list', json }
  if (action !== 'release' && action !== 'skip') throw misused(`${JSON.stringify(action)} is nothing that consumers can do.`, USAGE)
  if (all && consumer && topic === undefined) return { action: 'release all', consumer }
  if (!consumer || !topic || all || more.length > 0) throw misused(`To ${action}, name one consumer and one topic.`, USAGE)
  return action === 'release' ? { action, of: [consumer, topic] } : { action, of: [consumer, topic], position }
}

function positionIn(text: string | undefined): number | null {
  if (text === undefined) return null
  if (!/^\d{1,15}$/.test(text)) throw misused('--position is a number, as the list shows it.', USAGE)
  return Number(text)
}
