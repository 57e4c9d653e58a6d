import type { Durations, Family } from '../metrics.js'

const gauge = <Name extends Family['name']>(name: Name, help: string, labels: readonly string[] = []): Family => ({
  name,
  help,
  type: 'gauge',
  labels,
})
const counter = <Name extends `ashlar_${string}_total`>(name: Name, help: string): Family => ({ name, help, type: 'counter' })

/** What is measured of every service. What each is for, and what to do when it tells of something, is in docs/runbook.md. */
export const families = {
  databaseUp: gauge('ashlar_database_up', 'Whether the database has answered, 1 or 0; without it all that is read from it is left out.'),
  clockOffset: gauge('ashlar_database_clock_offset_seconds', "How far the database's clock is ahead of this machine's."),
  connections: gauge('ashlar_database_connections', 'Connections to the database, by what they do.', ['state']),
  connectionsMax: gauge('ashlar_database_connections_max', 'How many connections there may be.'),
  connectionsWaiting: gauge('ashlar_database_connections_waiting', 'How much waits for a connection.'),

  logHead: gauge('ashlar_log_head_position', "Where the service's log stands."),
  logPending: gauge('ashlar_log_pending_events', 'Events that are committed and have no position yet; 10,000 stands for more.'),
  logPendingAge: gauge('ashlar_log_pending_seconds', 'How long the oldest of them has been seen to wait.'),
  logFollowers: gauge('ashlar_log_followers', 'Who follows the log as it goes on.'),
  logFellBehind: counter('ashlar_log_followers_behind_total', 'How often a follower was too slow and had to read the log for itself.'),
  logStaleCursors: counter(
    'ashlar_log_stale_cursors_total',
    'How often the log no longer reached back to a cursor, or was of another epoch.',
  ),

  consumerLag: gauge('ashlar_consumer_lag_events', "How many events of the source's log a consumer has not passed.", [
    'consumer',
    'source',
  ]),
  consumerAge: gauge('ashlar_consumer_lag_seconds', 'How old the oldest event is that a consumer has not passed; 0 if there is none.', [
    'consumer',
    'source',
  ]),
  consumerLost: gauge('ashlar_consumer_lost', "Whether the source's log no longer reaches back to where a consumer stands.", [
    'consumer',
    'source',
  ]),
  consumerHeld: gauge('ashlar_consumer_held_topics', 'Topics that are held back since one of their events fails.', ['consumer', 'source']),
  consumerFailing: gauge('ashlar_consumer_failing_seconds', 'How long the oldest of them has failed; 0 if there is none.', [
    'consumer',
    'source',
  ]),
  consumerParked: gauge('ashlar_consumer_parked_topics', 'Topics that have failed for a day and wait for somebody.', [
    'consumer',
    'source',
  ]),

  jobs: gauge('ashlar_jobs', 'Jobs: later, due, running, or failed for good; 10,000 stands for more.', ['kind', 'state']),
  jobsDueAge: gauge('ashlar_jobs_due_seconds', 'How long the oldest job that is due has waited; 0 if there is none.', ['kind']),

  busConnected: gauge('ashlar_bus_connected', 'Whether hints of other processes arrive over NATS, 1 or 0.'),
  sockets: gauge('ashlar_sockets', 'Sockets that are open.'),
  subscriptions: gauge('ashlar_subscriptions', 'Subscriptions over them.'),
  socketsTooSlow: counter('ashlar_sockets_too_slow_total', 'How many sockets were closed since they did not read.'),
} as const

/** How long jobs ran, and so how many did. */
export const jobDurations: Durations = {
  name: 'ashlar_job_duration_seconds',
  help: 'How long jobs ran, by what became of them.',
  labels: ['kind', 'outcome'],
  buckets: [0.01, 0.05, 0.25, 1, 5, 15, 60, 300],
}
