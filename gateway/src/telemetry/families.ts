import type { Durations, Family } from '@ashlar/kit/metrics'
import { families } from '@ashlar/kit/metrics/families'

const gauge = (name: Family['name'], help: string, labels: readonly string[] = []): Family => ({ name, help, type: 'gauge', labels })
const counter = (name: `ashlar_${string}_total`, help: string, labels: readonly string[] = []): Family => ({
  name,
  help,
  type: 'counter',
  labels,
})
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What is measured of a gateway, beside what is of every process. What each is for is in docs/runbook.md. */
export const gatewayFamilies = {
  operationsInFlight: gauge('ashlar_gateway_operations_in_flight', 'Operations that are being answered.'),
  operationErrors: counter('ashlar_gateway_operation_errors_total', 'Answers with errors, by the first one.', ['operation', 'code']),
  operationBytes: counter('ashlar_gateway_operation_bytes_total', 'Bytes that were answered.', ['operation']),
  fetchesInFlight: gauge('ashlar_gateway_fetches_in_flight', 'What is being asked of a subgraph.', ['subgraph']),
  fetchErrors: counter('ashlar_gateway_fetch_errors_total', 'Answers of a subgraph with errors, or none, by the first error.', [
    'subgraph',
    'code',
  ]),
  fetchBytes: counter('ashlar_gateway_fetch_bytes_total', 'Bytes that a subgraph answered over HTTP.', ['subgraph']),
  leftAlone: gauge('ashlar_gateway_subgraph_left_alone', 'Whether a subgraph is not asked for a while since it kept failing, 1 or 0.', [
    'subgraph',
  ]),
  plansKnown: counter('ashlar_gateway_plan_cache_hits_total', 'How often an operation was planned already.'),
  plansUnknown: counter('ashlar_gateway_plan_cache_misses_total', 'How often one had to be planned.'),
  planning: gauge('ashlar_gateway_planning', 'Operations that are planned or wait for it.'),
  persisted: counter('ashlar_gateway_persisted_operations_total', 'Operations that came with their hash, by what became of it.', [
    'outcome',
  ]),
  // The same as of services' own sockets.
  sockets: families.sockets,
  subscriptions: families.subscriptions,
  readersTooSlow: families.socketsTooSlow,
  shared: counter('ashlar_gateway_shared_answers_total', 'Answers that may be shared: of another who asked the same, kept, or made anew.', [
    'outcome',
  ]),
  answersKept: gauge('ashlar_gateway_answers_kept', 'Answers that are kept for who asks the same.'),
  answerBytesKept: gauge('ashlar_gateway_answers_kept_bytes', 'How long they are together.'),
  httpStreams: gauge('ashlar_gateway_http_streams', 'Answers over HTTP that go on: event streams and multipart.'),
  upstreams: gauge('ashlar_gateway_upstreams', 'Streams of events that are taken from subgraphs.'),
  eventsExecuted: counter('ashlar_gateway_events_executed_total', 'Events that were executed, once for all who get the same of them.'),
  eventsSent: counter('ashlar_gateway_events_sent_total', 'Answers that were sent of them.'),
} as const

export const operationDurations: Durations = {
  name: 'ashlar_gateway_operation_duration_seconds',
  help: 'How long operations took, from their body to their answer.',
  labels: ['operation'],
  buckets: SECONDS,
}
export const fetchDurations: Durations = {
  name: 'ashlar_gateway_fetch_duration_seconds',
  help: 'How long a subgraph took to answer.',
  labels: ['subgraph'],
  buckets: SECONDS,
}
export const planningDurations: Durations = {
  name: 'ashlar_gateway_planning_duration_seconds',
  help: 'How long operations took to plan, and to wait for it.',
  labels: [],
  buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 5, 10],
}
