import type { DeferNode, FetchNode, PlanNode } from '@apollo/query-planner'
import { ContextFetch } from './context-fetch.js'
import type { DataPath } from './data-path.js'
import { type ReadFetch, readFetch } from './fetch-document.js'
import { FetchGroup, type FetchOptions, type Step } from './fetch-group.js'
import { haveSameKeys } from './same-keys.js'

/** A part of a plan, and after how many steps it is done. */
interface Placed {
  readonly step: Step
  readonly until: number
}

interface Where {
  readonly path: DataPath
  /** How many fetches come before. */
  readonly from: number
  /** Whether it depends on a condition whether it is carried out: nobody waits for it. */
  readonly conditional: boolean
}

/**
 * Compiles a plan into what carries it out: one step after another, or at the same time, as the plan says. Fetches of entities of one
 * service that are equally many steps from the beginning go out as one, wherever in the plan they stand.
 */
export function compilePlan(plan: PlanNode | undefined, options: FetchOptions): Step {
  const groups = new Map<string, FetchGroup>()
  const alone: FetchGroup[] = []
  const fetches: ReadFetch[] = []

  function compile(node: PlanNode | undefined, where: Where): Placed {
    switch (node?.kind) {
      case undefined:
        return { step: async (_, tookMs) => tookMs, until: where.from }
      case 'Fetch': {
        const fetch = readFetch(node)
        fetches.push(fetch)
        const step = groupOf(fetch, where).add({ fetch, path: where.path })
        return { step: node.id === undefined ? step : telling(node.id, step), until: where.from + 1 }
      }
      case 'Flatten':
        return compile(node.node, { ...where, path: [...where.path, ...node.path.map(String)] })
      case 'Sequence':
        return sequence(node.nodes, where)
      case 'Parallel':
        return parallel(node.nodes.map((each) => compile(each, where)))
      case 'Condition': {
        const { condition, ifClause, elseClause } = node
        const holds = compile(ifClause, { ...where, conditional: true })
        const fails = compile(elseClause, { ...where, conditional: true })
        return {
          step: (run, tookMs) => (run.conditions.get(condition) ? holds : fails).step(run, tookMs),
          until: Math.max(holds.until, fails.until),
        }
      }
      case 'Defer':
        return defer(node, where)
      default:
        return node satisfies never
    }
  }

  function sequence(nodes: readonly PlanNode[], where: Where): Placed {
    const steps: Step[] = []
    let { from } = where
    for (const node of nodes) {
      const { step, until } = compile(node, { ...where, from })
      steps.push(step)
      from = until
    }
    return {
      until: from,
      async step(run, tookMs) {
        let took = tookMs
        for (const step of steps) took = await step(run, took)
        return took
      },
    }
  }

  /** What comes later goes out by itself. */
  function defer({ primary, deferred }: DeferNode, where: Where): Placed {
    const first = compile(primary.node, where)
    const parts = deferred.map(({ label, depends, node }) => ({
      label,
      ids: depends.map(({ id }) => id),
      step: compile(node, { path: [], from: first.until, conditional: true }).step,
    }))
    return { until: first.until, step: (run, tookMs) => run.later.begin(run, first.step(run, tookMs), parts) }
  }

  function groupOf({ node }: ReadFetch, { from, conditional }: Where): FetchGroup {
    const { serviceName } = node
    if (hasContext(node)) {
      const group = new ContextFetch(serviceName, options)
      alone.push(group)
      return group
    }
    if (!node.requires || conditional) {
      const group = new FetchGroup(serviceName, options)
      alone.push(group)
      return group
    }
    const key = `${from} ${serviceName}`
    const known = groups.get(key)
    if (known) return known
    const group = new FetchGroup(serviceName, options)
    groups.set(key, group)
    return group
  }

  const { step } = compile(plan, { path: [], from: 0, conditional: false })
  // What is asked with what it stands in is something else in each place.
  const apart = fetches.some(({ node }) => hasContext(node))
  const shares = !apart && haveSameKeys(fetches)
  for (const group of [...groups.values(), ...alone]) group.close(shares, apart)
  return step
}

const telling =
  (id: string, step: Step): Step =>
  async (run, tookMs) => {
    const took = await step(run, tookMs)
    run.later.came(id)
    return took
  }

const hasContext = ({ contextRewrites = [] }: FetchNode): boolean => contextRewrites.length > 0

const parallel = (parts: readonly Placed[]): Placed => ({
  until: Math.max(...parts.map(({ until }) => until)),
  async step(run, tookMs) {
    const took = await Promise.all(parts.map(({ step }) => step(run, tookMs)))
    return Math.max(...took)
  },
})
