import type { PlanNode, QueryPlanSelectionNode } from '@apollo/query-planner'

/** The keys in the data that any fetch of a plan requires: what is asked on the way to something else. */
export const requiredNames = (plan: PlanNode | undefined): ReadonlySet<string> => new Set(fetchesOf(plan).flatMap((nodes) => keysOf(nodes)))

const keysOf = (nodes: readonly QueryPlanSelectionNode[]): readonly string[] =>
  nodes.flatMap((node) => [...(node.kind === 'Field' ? [node.alias ?? node.name] : []), ...keysOf(node.selections ?? [])])

function fetchesOf(node: PlanNode | undefined): readonly (readonly QueryPlanSelectionNode[])[] {
  switch (node?.kind) {
    case undefined:
      return []
    case 'Fetch':
      return node.requires ? [node.requires] : []
    case 'Flatten':
      return fetchesOf(node.node)
    case 'Sequence':
    case 'Parallel':
      return node.nodes.flatMap(fetchesOf)
    case 'Condition':
      return [...fetchesOf(node.ifClause), ...fetchesOf(node.elseClause)]
    case 'Defer':
      return [...fetchesOf(node.primary.node), ...node.deferred.flatMap((each) => fetchesOf(each.node))]
    default:
      return node satisfies never
  }
}
