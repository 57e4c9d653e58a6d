/** Beyond this nothing is counted on: a number that large says enough, and a scrape must not cost more than it. */
export const COUNTED_MAX = 10_000

const limited = `limit ${COUNTED_MAX}`

/** Rows as one value of JSON, none as an empty list. */
const list = (rows: string) => `(select coalesce(json_agg(row), '[]') from (${rows}) row)`

const CONSUMERS = `
  select consumer.name, source, epoch, consumer.position, lost_at is not null as lost, held, parked,
    extract(epoch from clock() - failing_since)::float8 as "failingSeconds"
  from consumer, lateral (
    select count(*) filter (where parked_at is null) as held, count(parked_at) as parked,
      min(failing_since) filter (where parked_at is null) as failing_since
    from (select parked_at, failing_since from consumer_topic where consumer_topic.consumer = consumer.name ${limited}) topic
  ) topics`

/** Each part goes along an index, and no further than it counts. */
const JOBS = `
  select kind, state, count(*), max(extract(epoch from age))::float8 as "oldestSeconds" from (
    (
      select kind, case when leased_until > clock() then 'running' else 'due' end as state, clock() - greatest(run_at, leased_until) as age
      from job where failed_at is null and run_at <= clock() order by run_at ${limited}
    ) union all (
      select kind, 'later', null from job where failed_at is null and run_at > clock() ${limited}
    ) union all (
      select kind, 'failed', null from job where failed_at is not null ${limited}
    )
  ) job group by kind, state`

/** How a service stands, for its gauges: its log, what it consumes, its jobs, and what time it is. */
export const SERVICE_STATE = `
  select extract(epoch from clock())::float8 as now, position::float8 as head,
    (select count(*)::int from (select from event where event.position is null ${limited}) event) as pending,
    (select min(insertion)::text from event where event.position is null) as "oldestPending",
    ${list(CONSUMERS)} as consumers,
    ${list(JOBS)} as jobs
  from log_head`
