import { type DirectiveNode, type GraphQLSchema, isInterfaceType, isObjectType, Kind } from 'graphql'
import type { PlanCache } from './plan-cache.js'

/** Says which labels of `@override` hold, beside those of a percentage, which are drawn for each operation. */
export type HoldsLabel = (label: string) => boolean

const PERCENT = /^percent\((\d{1,3}(?:\.\d{1,8})?)\)$/

/**
 * Has each operation planned for the labels of `@override` that hold for it (join specification, `overrideLabel`): a field comes from the
 * service that takes it over if its label holds, else from the one that had it. One draw decides for a whole operation, so that what is
 * taken over together is asked together.
 * @param draw a number from 0 to 100, of which `percent(5)` holds below 5
 */
export function withOverrideLabels(
  plan: PlanCache,
  supergraph: GraphQLSchema,
  holds: HoldsLabel = () => false,
  draw: () => number = () => Math.random() * 100,
): PlanCache {
  const fields = labelledFields(supergraph)
  if (fields.size === 0) return plan
  const labelled: (...wanted: Parameters<PlanCache>) => ReturnType<PlanCache> = (hash, operation) => {
    const drawn = draw()
    const labels = [...fields].flatMap(([label, names]) => {
      // A label for what is not in the text makes no other plan.
      if (![...names].some((name) => operation.query.includes(name))) return []
      const [, percent] = PERCENT.exec(label) ?? []
      return (percent === undefined ? holds(label) : drawn < Number(percent)) ? [label] : []
    })
    return labels.length === 0 ? plan(hash, operation) : plan(`${hash} ${JSON.stringify(labels)}`, { ...operation, labels })
  }
  // What is renewed has its labels already.
  return Object.assign(labelled, { hottest: plan.hottest, renew: plan.renew })
}

/** The names of the fields that depend on each label; with them those of what requires one of them. */
function labelledFields(supergraph: GraphQLSchema): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Map<string, Set<string>>()
  const requiring: { readonly name: string; readonly text: string }[] = []
  for (const type of Object.values(supergraph.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue
    for (const { name, astNode } of Object.values(type.getFields()))
      for (const directive of astNode?.directives ?? []) {
        if (directive.name.value !== 'join__field') continue
        const label = textOf(directive, 'overrideLabel')
        if (label !== null) names.set(label, (names.get(label) ?? new Set()).add(name))
        const text = textOf(directive, 'requires')
        if (text !== null) requiring.push({ name, text })
      }
  }
  for (const found of names.values())
    for (let before = -1; before !== found.size; ) {
      before = found.size
      for (const { name, text } of requiring) if ([...found].some((each) => text.includes(each))) found.add(name)
    }
  return names
}

function textOf({ arguments: args = [] }: DirectiveNode, name: string): string | null {
  const value = args.find((each) => each.name.value === name)?.value
  return value?.kind === Kind.STRING ? value.value : null
}
