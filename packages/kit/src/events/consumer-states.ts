import type { Sql } from '@ashlar/database/sql'
import { CONSUMERS, HELD_TOPIC, HELD_TOPICS, RELEASE, RELEASE_ALL, SKIP } from '../sql/consumers.js'
import { EVENT_AT, HEAD } from '../sql/events.js'
import type { Place } from './cursor.js'
import type { LogEvent } from './event-log.js'

/** Where a consumer stands, as its service wrote it down. */
export interface ConsumerState {
  readonly name: string
  /** The service whose log it reads. */
  readonly source: string
  readonly epoch: string
  readonly position: number
  readonly lostAt: Date | null
  /** How many topics it holds back, with those that are parked. */
  readonly held: number
  readonly parked: number
}

export interface HeldTopicState {
  readonly topic: string
  /** Of the event that fails; while it is being tried, of the one that is to come. */
  readonly position: number
  /** How often the event has failed; 0 while it is being tried. */
  readonly attempts: number
  readonly failingSince: Date
  readonly parkedAt: Date | null
  readonly nextAttemptAt: Date | null
  readonly lastError: string
}

const CONSUMERS_MAX = 1_000

/** The consumers of a service, by their names. */
export const listConsumers = (sql: Sql): Promise<ConsumerState[]> => sql.query(CONSUMERS, [CONSUMERS_MAX])

/** What a consumer holds back: what is parked first, then what has failed the longest. */
export const listHeldTopics = (sql: Sql, consumer: string, limit: number): Promise<HeldTopicState[]> =>
  sql.query(HELD_TOPICS, [consumer, limit])

/** A topic that a consumer holds back; null where it does not. */
export async function findHeldTopic(sql: Sql, consumer: string, topic: string): Promise<HeldTopicState | null> {
  const [found] = await sql.query<HeldTopicState>(HELD_TOPIC, [consumer, topic])
  return found ?? null
}

/**
 * Has a topic that is held back or parked tried again, by whichever process looks next. Answers the position that it begins with; null
 * where there is no such topic.
 */
export async function releaseTopic(sql: Sql, consumer: string, topic: string): Promise<number | null> {
  const [released] = await sql.query<{ position: number }>(RELEASE, [consumer, topic])
  return released?.position ?? null
}

/** The same for all that a consumer holds back. Answers how many topics that is. */
export async function releaseAllTopics(sql: Sql, consumer: string): Promise<number> {
  const [released] = await sql.query<{ count: number }>(RELEASE_ALL, [consumer])
  return released?.count ?? 0
}

/**
 * Leaves out the event that fails, and has what is behind it tried. Answers whether it did: not where the event at this position no longer
 * fails, so that nobody skips what they have not seen.
 */
export const skipEvent = async (sql: Sql, consumer: string, topic: string, position: number): Promise<boolean> =>
  (await sql.query(SKIP, [consumer, topic, position])).length > 0

/** Where the log of a service stands, for how far its consumers are behind. */
export async function endOfLog(sql: Sql): Promise<Place> {
  const [row] = await sql.query<{ epoch: string; head: number }>(HEAD)
  if (!row) throw new Error('the log has no head')
  return { epoch: row.epoch, position: row.head }
}

/** What a service's log says at a position; null where that is gone. */
export async function eventAt(sql: Sql, position: number): Promise<Pick<LogEvent, 'type' | 'data' | 'at'> | null> {
  const [found] = await sql.query<Pick<LogEvent, 'type' | 'data' | 'at'>>(EVENT_AT, [position])
  return found ?? null
}
