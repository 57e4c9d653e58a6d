/** $1 name, $2 source, $3 epoch, $4 position, $5 whether the log's beginning is gone already. */
export const ADD_CONSUMER = `
  insert into consumer (name, source, epoch, position, lost_at) values ($1, $2, $3, $4, case when $5::boolean then clock() end)
  on conflict (name) do nothing`

/** $1 name. */
export const CONSUMER_PLACE = `
  select epoch, position::float8, lost_at is not null as lost,
    array(select topic from consumer_topic where consumer = consumer.name) as held
  from consumer where name = $1`

/** $1 name, $2 epoch, $3 position that it stands at, $4 the next. No row: another process was quicker. */
export const ADVANCE = 'update consumer set position = $4 where name = $1 and epoch = $2 and position = $3 returning name'

/** $1 name, $2 epoch, $3 position. In another epoch, or after it was lost. */
export const PLACE_ANEW = 'update consumer set epoch = $2, position = $3, lost_at = null where name = $1'

/** $1 name. */
export const MARK_LOST = 'update consumer set lost_at = coalesce(lost_at, clock()) where name = $1'

/** $1 name. What was held back of a log that is no more. */
export const DROP_HELD = 'delete from consumer_topic where consumer = $1'

/** $1 consumer, $2 topic, $3 position, $4 seconds until the next attempt, $5 why. */
export const HOLD = `
  insert into consumer_topic (consumer, topic, position, failing_since, next_attempt_at, last_error)
  values ($1, $2, $3, clock(), clock() + make_interval(secs => $4::float8), $5)`

/** $1 consumer, $2 topic. */
export const IS_HELD = 'select topic from consumer_topic where consumer = $1 and topic = $2'

/** $1 consumer, $2 topic, $3 position. */
export const IS_HELD_AT = 'select topic from consumer_topic where consumer = $1 and topic = $2 and position = $3'

/** $1 consumer. */
export const DUE_TOPICS = `
  select topic, position::float8, attempts from consumer_topic
  where consumer = $1 and parked_at is null and next_attempt_at <= clock() order by next_attempt_at limit 20`

/** $1 consumer, $2 topic, $3 position that it stands at, $4 the next. No row: another process was quicker. */
export const ADVANCE_TOPIC = `
  update consumer_topic set position = $4, attempts = 0, failing_since = clock(), next_attempt_at = clock()
  where consumer = $1 and topic = $2 and position = $3 and parked_at is null returning topic`

/**
 * $1 consumer, $2 topic, $3 position, $4 seconds until the next attempt, $5 why, $6 the position of the event that fails, which is what
 * the row names from then on. What has failed for a day is parked.
 */
export const FAIL_TOPIC = `
  update consumer_topic set attempts = attempts + 1, next_attempt_at = clock() + make_interval(secs => $4::float8), last_error = $5,
    position = $6, parked_at = case when failing_since <= clock() - interval '24 hours' then clock() end
  where consumer = $1 and topic = $2 and position = $3
  returning parked_at is not null as parked`

/** $1 consumer, $2 topic, $3 position, $4 up to where the topic was read. The consumer's row is held, so that none is passed by meanwhile. */
export const LET_GO = `
  with consumer as (select position from consumer where name = $1 for update)
  delete from consumer_topic using consumer
  where consumer_topic.consumer = $1 and topic = $2 and consumer_topic.position = $3 and consumer.position <= $4
  returning topic`

const TRY_AGAIN = 'parked_at = null, attempts = 0, failing_since = clock(), next_attempt_at = clock()'

/** $1 consumer, $2 topic. No row: there is no such topic. */
export const RELEASE = `
  update consumer_topic set ${TRY_AGAIN} where consumer = $1 and topic = $2 returning position::float8`

/** $1 consumer. */
export const RELEASE_ALL = `
  with released as (update consumer_topic set ${TRY_AGAIN} where consumer = $1 returning topic) select count(*)::int as count from released`

/** $1 consumer, $2 topic, $3 position of the event that fails. No row: it no longer does, or another one does. */
export const SKIP = `
  update consumer_topic set position = position + 1, ${TRY_AGAIN}
  where consumer = $1 and topic = $2 and position = $3 and attempts > 0 returning topic`

/** For who runs it. $1 how many at most. */
export const CONSUMERS = `
  select name, source, epoch, position::float8, lost_at as "lostAt",
    (select count(*)::int from consumer_topic where consumer = consumer.name) as held,
    (select count(*)::int from consumer_topic where consumer = consumer.name and parked_at is not null) as parked
  from consumer order by name limit $1`

const HELD = (condition: string) => `
  select topic, position::float8, attempts, failing_since as "failingSince", parked_at as "parkedAt", last_error as "lastError",
    case when parked_at is null then next_attempt_at end as "nextAttemptAt"
  from consumer_topic where consumer = $1${condition}`

/** $1 consumer, $2 how many at most: what is parked first, then what has failed the longest. */
export const HELD_TOPICS = `${HELD('')} order by parked_at nulls last, failing_since, topic limit $2`

/** $1 consumer, $2 topic. */
export const HELD_TOPIC = HELD(' and topic = $2')

/** For the gauges. */
export const CONSUMER_STATES = `
  select name, source, position::float8, lost_at is not null as lost,
    (select count(*)::int from consumer_topic where consumer = consumer.name) as held,
    (select count(*)::int from consumer_topic where consumer = consumer.name and parked_at is not null) as parked
  from consumer order by name`

/** $1 name, $2 position. */
export const REPORT_READER = `
  insert into log_reader (name, position, seen_at) values ($1, $2, clock())
  on conflict (name) do update set position = greatest(log_reader.position, excluded.position), seen_at = excluded.seen_at`
