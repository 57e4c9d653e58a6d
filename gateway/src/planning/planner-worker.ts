import { parentPort, workerData } from 'node:worker_threads'
import { operationFromDocument } from '@apollo/federation-internals'
import { QueryPlanner } from '@apollo/query-planner'
import type { WorkerMessage } from '@ashlar/kit/worker-lane'
import { parse } from 'graphql'
import { loadSupergraph } from './load-supergraph.js'

export interface PlannerData {
  readonly supergraphSdl: string
  readonly pathsLimit: number
}

export interface PlanRequest {
  readonly query: string
  readonly operationName: string | null
  /** The labels of `@override` that hold. */
  readonly labels?: readonly string[]
  /** Whether what is deferred is to come later. */
  readonly defers?: boolean
}

/** The plan is JSON: it crosses threads faster so than as objects. */
export type PlanResult = { readonly plan: string } | { readonly tooComplex: string }

/** The planner's own bounds, which it tells in words only. */
const TOO_COMPLEX = /^(Too many options generated|Number of non-local selections exceeds)/

const { supergraphSdl, pathsLimit } = workerData as PlannerData
const supergraph = loadSupergraph(supergraphSdl)
const apiSchema = supergraph.apiSchema()
const planner = new QueryPlanner(supergraph, { debug: { pathsLimit }, incrementalDelivery: { enableDefer: true } })

function plan({ query, operationName, labels = [] }: PlanRequest): PlanResult {
  const document = parse(query, { noLocation: true })
  const operation = operationFromDocument(apiSchema, document, { ...(operationName && { operationName }), validate: false })
  try {
    return {
      plan: JSON.stringify(planner.buildQueryPlan(operation, { overrideConditions: new Map(labels.map((label) => [label, true])) })),
    }
  } catch (error) {
    if (error instanceof Error && TOO_COMPLEX.test(error.message)) return { tooComplex: error.message }
    throw error
  }
}

function answer(id: number, request: PlanRequest): WorkerMessage<PlanResult> {
  try {
    return { id, result: plan(request) }
  } catch (error) {
    return { id, fault: error instanceof Error ? error.message : String(error) }
  }
}

parentPort?.on('message', ({ id, request }: { id: number; request: PlanRequest }) => parentPort?.postMessage(answer(id, request)))
parentPort?.postMessage({ ready: true } satisfies WorkerMessage<PlanResult>)
