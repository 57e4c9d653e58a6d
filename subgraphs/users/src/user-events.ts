import type { Sql } from '@ashlar/database/sql'
import type { EventLog } from '@ashlar/kit/events/event-log'
import { encodeId } from '@ashlar/kit/ids'

/** What becomes of people, for the services that keep or do something on their behalf. */
export type UserEventType = 'user.suspended' | 'user.unsuspended' | 'user.deleted'

/** Writes it last in the transaction of the change, under the account's lock, so that a person's events come in the order of the changes. */
export const appendUserEvent = (events: Pick<EventLog, 'append'>, sql: Sql, type: UserEventType, userId: string): Promise<void> =>
  events.append(sql, { topic: encodeId('user', userId), type, data: { userId } })
