import type { Source } from '../data-sources/source.js'
import type { CompiledSubscription } from '../execution/compiled-subscription.js'
import type { SubgraphRequest } from '../subgraph.js'
import { AFTER_VARIABLE, CURSOR_KEY, type LiveDocument } from './live-document.js'

type Variables = Readonly<Record<string, unknown>>

/** A subscription as one version of the graph follows it. */
export interface LiveOperation {
  readonly live: LiveDocument
  readonly compiled: CompiledSubscription
  /** The owner's. */
  readonly source: Source
  readonly variables: Variables
  /** Tells apart what is answered of the same events: by what was asked, and how much of that whoever asks may have. */
  readonly asked: string
  /** Of the graph. */
  readonly version: object
}

/** The variables with which it goes on behind a cursor. */
export const variablesAfter = ({ live, variables }: LiveOperation, after: unknown): Variables =>
  live.resumes ? { ...variables, [AFTER_VARIABLE]: after ?? null } : variables

/** What its owner is asked, to go on behind a cursor. */
export function requestAfter(operation: LiveOperation, after: unknown): SubgraphRequest {
  const request = operation.compiled.request(variablesAfter(operation, after))
  return operation.live.resumes ? { ...request, startingBy: AFTER_VARIABLE } : request
}

/** The cursor of the event that merged data is about. */
export function cursorIn({ live }: LiveOperation, merged: Variables): string | null {
  const event = live.resumes ? merged[live.rootKey] : null
  const cursor = typeof event === 'object' && event !== null ? (event as Variables)[CURSOR_KEY] : null
  return typeof cursor === 'string' ? cursor : null
}

/** The same for two that bring the same events, and so differ in who asks and where they begin at most. */
export const eventsKey = ({ live, asked, variables }: LiveOperation): string =>
  JSON.stringify([live.text, asked, ...live.uses.map((name) => variables[name] ?? null)])
