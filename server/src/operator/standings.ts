import type { OpenServices } from '@ashlar/database/open-services'
import type { ServiceDatabase } from '@ashlar/database/service-database'
import { type ConsumerState, endOfLog, type HeldTopicState, listConsumers, listHeldTopics } from '@ashlar/kit/events/consumer-states'
import type { Place } from '@ashlar/kit/events/cursor'
import { StartError } from '@ashlar/kit/process-life'

/** Where a consumer stands, beside the log that it reads. */
export interface Standing extends ConsumerState {
  /** Whose it is. */
  readonly service: string
  /** How many positions of the log it has not passed; null where the log can't be reached or is of another epoch. */
  readonly lag: number | null
  /** Whether the log is of another epoch, so that the consumer is about to start over. */
  readonly startsOver: boolean
  /** The first ones of those it holds back. */
  readonly topics: readonly HeldTopicState[]
}

const TOPICS_MAX = 100

/** Every consumer of the services that were reached. */
export async function standingsIn({ reached }: OpenServices): Promise<Standing[]> {
  const ends = new Map<string, Place>()
  for (const [service, db] of reached) ends.set(service, await upToDate(db, () => endOfLog(db)))
  const standings: Standing[] = []
  for (const [service, db] of reached)
    for (const state of await upToDate(db, () => listConsumers(db))) {
      const end = ends.get(state.source)
      const startsOver = end !== undefined && end.epoch !== state.epoch
      standings.push({
        ...state,
        service,
        startsOver,
        // The log was looked at first, and goes on meanwhile.
        lag: end && !startsOver ? Math.max(0, end.position - state.position) : null,
        topics: await listHeldTopics(db, state.name, TOPICS_MAX),
      })
    }
  return standings
}

/** The service of a consumer, by the consumer's name. @throws StartError where there is none, or more than one */
export async function ownerOf(
  { reached, unreached }: OpenServices,
  consumer: string,
): Promise<{ db: ServiceDatabase; state: ConsumerState }> {
  const found: { db: ServiceDatabase; state: ConsumerState }[] = []
  const names: string[] = []
  for (const db of reached.values())
    for (const state of await upToDate(db, () => listConsumers(db))) {
      names.push(state.name)
      if (state.name === consumer) found.push({ db, state })
    }
  const [one, another] = found
  if (one && another) throw new StartError(`Both ${one.db.service} and ${another.db.service} have a consumer ${consumer}: say --service.`)
  if (one) return one
  const there = names.length > 0 ? `There are ${names.sort().join(', ')}.` : 'There is none at all.'
  throw new StartError([`There is no consumer ${JSON.stringify(consumer)}. ${there}`, ...reasonsOf(unreached)].join('\n'))
}

/** Why services are missing, a line for each reason. */
export function reasonsOf(unreached: OpenServices['unreached']): string[] {
  const services = new Map<string, string[]>()
  for (const [service, { message }] of unreached) services.set(message, [...(services.get(message) ?? []), service])
  return [...services].map(([message, names]) => `${names.join(', ')} can't be reached: ${message}`)
}

const UNDEFINED = ['42P01', '42703']

/** Tables of an earlier version are brought up to date by a start, and by nothing else. @throws StartError */
export async function upToDate<Result>(db: ServiceDatabase, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read()
  } catch (error) {
    if (!UNDEFINED.includes(String((error as { code?: unknown }).code))) throw error
    throw new StartError(`The data of ${db.service} are of an earlier version: start Ashlar on them first.`)
  }
}
