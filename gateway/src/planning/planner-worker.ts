import { parentPort, workerData } from 'node:worker_threads'
import { operationFromDocument } from '@apollo/federation-internals'
import { QueryPlanner } from '@apollo/query-planner'
import { parse } from 'graphql'
import { loadSupergraph } from './load-supergraph.js'

export interface PlannerData {
  readonly supergraphSdl: string
  readonly pathsLimit: number
}

export interface PlanRequest {
  readonly id: number
  readonly query: string
  readonly operationName: string | null
}

/** `ready` once; then an answer to each request, in their order. The plan is JSON: it crosses threads faster so than as objects. */
export type PlannerMessage =
  | { readonly ready: true }
  | { readonly id: number; readonly plan: string }
  | { readonly id: number; readonly fault: string }

const { supergraphSdl, pathsLimit } = workerData as PlannerData
const supergraph = loadSupergraph(supergraphSdl)
const apiSchema = supergraph.apiSchema()
const planner = new QueryPlanner(supergraph, { debug: { pathsLimit } })

const answer = ({ id, query, operationName }: PlanRequest): PlannerMessage => {
  try {
    const document = parse(query, { noLocation: true })
    const operation = operationFromDocument(apiSchema, document, { ...(operationName && { operationName }), validate: false })
    return { id, plan: JSON.stringify(planner.buildQueryPlan(operation)) }
  } catch (error) {
    return { id, fault: error instanceof Error ? error.message : String(error) }
  }
}

parentPort?.on('message', (request: PlanRequest) => parentPort?.postMessage(answer(request)))
parentPort?.postMessage({ ready: true } satisfies PlannerMessage)
