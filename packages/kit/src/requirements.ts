import { type ConstDirectiveNode, type ConstValueNode, Kind } from 'graphql'

/** What a field or a type asks of a credential: a sign-in, and one of these sets of scopes if there are any. */
export interface Requirement {
  /** Alternatives; within one, every scope is needed. Empty: a sign-in alone. */
  readonly scopes: readonly (readonly string[])[]
}

/** Reads `@authenticated` and `@requiresScopes` off a definition; null where anyone may. */
export function requirementOf(directives: readonly ConstDirectiveNode[] | undefined): Requirement | null {
  const named = (name: string) => directives?.find((node) => node.name.value === name)
  const requiresScopes = named('requiresScopes')
  if (requiresScopes) return { scopes: strings(requiresScopes.arguments?.[0]?.value) }
  return named('authenticated') ? { scopes: [] } : null
}

/** "Needs a sign-in.", "Needs users:admin.", "Needs a:read and b:read, or c:admin." */
export const requirementWords = ({ scopes }: Requirement): string =>
  scopes.length === 0 ? 'Needs a sign-in.' : `Needs ${scopes.map((all) => all.join(' and ')).join(', or ')}.`

function strings(value: ConstValueNode | undefined): string[][] {
  if (value?.kind !== Kind.LIST) return []
  return value.values.map((all) =>
    all.kind === Kind.LIST ? all.values.flatMap((one) => (one.kind === Kind.STRING ? [one.value] : [])) : [],
  )
}
