import type { PlanNode, QueryPlan, SubscriptionNode } from '@apollo/query-planner'
import type { Asking } from '@ashlar/kit/caller'
import type { GraphQLSchema } from 'graphql'
import type { Answer } from '../data-sources/source.js'
import type { SubgraphRequest } from '../subgraph.js'
import { compilePlan } from './compile-plan.js'
import { compileFinish, type Planned, type WrittenAnswer } from './compiled-operation.js'
import { tellError } from './fetch-answer.js'
import { fetchDocument, readFetch } from './fetch-document.js'
import type { FetchOptions } from './fetch-group.js'
import { rewrite } from './rewrites.js'
import { Run } from './run.js'

type Variables = Readonly<Record<string, unknown>>

/** What came of one event: the answer, and the data that it was made of. */
export interface EventOutcome extends WrittenAnswer {
  readonly merged: Readonly<Record<string, unknown>>
}

/** A subscription once it is compiled: what its owner is asked, and what becomes of each of its answers. */
export interface CompiledSubscription {
  readonly service: string
  request(variables: Variables): SubgraphRequest
  /** Carries out what the owner does not answer itself, anew for each event. Never rejects for what a service does. */
  event(answer: Answer, variables: Variables, asking: Asking): Promise<EventOutcome>
}

const isSubscription = (node: QueryPlan['node']): node is SubscriptionNode => node?.kind === 'Subscription'

/** Compiles a subscription and its plan: the owner's fetch, and the rest of the plan over what it answers. @param schema as clients see it */
export function compileSubscription(planned: Planned, schema: GraphQLSchema, options: FetchOptions): CompiledSubscription {
  const { node } = planned.plan
  if (!isSubscription(node)) throw new Error('a plan for no subscription')
  const fetch = readFetch(node.primary)
  const document = fetchDocument([fetch])
  const { serviceName: service, outputRewrites = [] } = node.primary
  const rest = compilePlan(node.rest as PlanNode | undefined, options)
  const { conditionsFor, write } = compileFinish(planned, schema, options)
  const cluster = { members: [{ fetch, path: [], where: '', representing: () => () => null }], fetch }

  return {
    service,
    request(given) {
      const variables = Object.fromEntries(
        document.variables.filter((name) => Object.hasOwn(given, name)).map((name) => [name, given[name]]),
      )
      const { query, operationName, opening } = document
      return { query, operationName, variables, body: `${opening}${JSON.stringify(variables)}}`, writing: false }
    },
    async event({ data, errors }, variables, asking) {
      if (data && outputRewrites.length > 0) rewrite(options.schema, outputRewrites, data)
      // What came is this event's alone: the rest is put into it.
      const run = new Run(variables, conditionsFor(variables), asking, data ? { data } : {})
      if (errors.length > 0) {
        const wanted = { cluster, entities: new Map([['', [new Set([run.data])]]]) }
        for (const error of errors) tellError(run, [wanted], document, { service, error })
      }
      if (data && node.rest) await rest(run, 0)
      const { text, errors: told } = write(run)
      return { text, errors: told, merged: run.data }
    },
  }
}
