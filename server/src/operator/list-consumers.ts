import type { OpenServices } from '@ashlar/database/open-services'
import type { Terminal } from '@ashlar/kit/process-life'
import { reasonsOf, type Standing, standingsIn } from './standings.js'
import { cut, plain, table, timeOf } from './table.js'

export interface ListOptions {
  readonly json: boolean
  /** How long a line may be. */
  readonly width: number
}

/** Shows where every consumer stands and what it holds back. Answers the exit code: 1 where a service could not be reached. */
export async function listConsumers(
  services: OpenServices,
  { write }: Pick<Terminal, 'write'>,
  { json, width }: ListOptions,
): Promise<number> {
  const standings = await standingsIn(services)
  const { unreached } = services
  if (json) {
    const reasons = [...unreached].map(([service, { message }]) => ({ service, reason: message }))
    write(`${JSON.stringify({ consumers: standings, unreached: reasons }, null, 2)}\n`)
  } else {
    const words = services.reached.size > 0 ? inWords(standings, width) : []
    write(`${[...words, ...reasonsOf(unreached)].join('\n\n')}\n`)
  }
  return unreached.size > 0 ? 1 : 0
}

function inWords(standings: readonly Standing[], width: number): string[] {
  if (standings.length === 0) return ['No service follows the log of another.']
  const all = table<Standing>(
    [
      { head: 'CONSUMER', of: ({ name }) => name },
      { head: 'OF', of: ({ service }) => service },
      { head: 'READS', of: ({ source }) => source },
      { head: 'POSITION', of: ({ position }) => position },
      { head: 'BEHIND', of: ({ lag }) => lag ?? '?' },
      { head: 'STATE', of: stateOf },
    ],
    standings,
    width,
  )
  return [all, ...standings.filter(({ held }) => held > 0).map((standing) => heldBack(standing, width))]
}

function stateOf({ lostAt, startsOver, held, parked }: Standing): string {
  if (lostAt) return `lost since ${timeOf(lostAt)}`
  if (startsOver) return 'starts over: the log is of another epoch'
  return held > 0 ? `holds back ${topics(held)}, ${parked} of them parked` : 'holds back nothing'
}

const topics = (count: number): string => (count === 1 ? '1 topic' : `${count} topics`)

function heldBack({ name, held, topics: shown }: Standing, width: number): string {
  const [heads, ...rows] = table(
    [
      { head: 'TOPIC', of: ({ topic }) => topic },
      { head: 'POSITION', of: ({ position }) => position },
      { head: 'ATTEMPTS', of: ({ attempts }) => attempts },
      { head: 'FAILS SINCE', of: ({ failingSince }) => timeOf(failingSince) },
      { head: 'NEXT ATTEMPT', of: ({ nextAttemptAt }) => (nextAttemptAt ? timeOf(nextAttemptAt) : 'none: it is parked') },
    ],
    shown,
    width,
  ).split('\n')
  const lines = rows.flatMap((row, at) => [row, cut(`    ${plain(shown[at]?.lastError ?? '')}`, width)])
  const more = held > shown.length ? [`… and ${held - shown.length} more`] : []
  return [`${plain(name)} holds back ${topics(held)}:`, heads, ...lines, ...more].join('\n')
}
