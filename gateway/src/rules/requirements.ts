import {
  type ConstDirectiveNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isObjectType,
  Kind,
  valueFromASTUntyped,
} from 'graphql'

/** What a field asks of whoever selects it: a sign-in, or one of several sets of scopes or of policies, each of them whole. */
export type Requirement =
  | { readonly kind: 'authenticated' }
  | { readonly kind: 'scopes' | 'policies'; readonly alternatives: readonly (readonly string[])[] }

/** What of whoever asks decides. */
export interface Credential {
  readonly scopes: readonly string[]
}

/** Whether a requirement is met. @param policies those that hold for who asks */
export function isMet(requirement: Requirement, credential: Credential | null, policies: ReadonlySet<string>): boolean {
  switch (requirement.kind) {
    case 'authenticated':
      return credential !== null
    case 'scopes':
      return credential !== null && holds(requirement.alternatives, (scope) => credential.scopes.includes(scope))
    case 'policies':
      return holds(requirement.alternatives, (policy) => policies.has(policy))
    default:
      return requirement satisfies never
  }
}

/** No alternative at all asks for nothing more. */
const holds = (alternatives: readonly (readonly string[])[], has: (name: string) => boolean): boolean =>
  alternatives.length === 0 || alternatives.some((all) => all.every(has))

export type FieldRequirements = (parent: GraphQLNamedType, field: GraphQLField<unknown, unknown>) => readonly Requirement[]

/**
 * Reads what the services have declared off the supergraph (`@authenticated`, `@requiresScopes`, `@policy`), by the rules of Apollo Router:
 * on a field, on the type that it is a field of, and on the type that it leads to. A field of an interface asks for what each type
 * asks that implements it: who may not see all of them names in fragments those that they may.
 */
export function requirementsIn(schema: GraphQLSchema): FieldRequirements {
  const namesOf = directiveNames(schema)
  const ofNode = (node: { readonly directives?: readonly ConstDirectiveNode[] | undefined } | null | undefined): readonly Requirement[] =>
    (node?.directives ?? []).flatMap((directive) => requirementOf(directive, namesOf) ?? [])
  const own = (parent: GraphQLNamedType, field: GraphQLField<unknown, unknown>): readonly Requirement[] => [
    ...ofNode(field.astNode),
    ...ofNode(parent.astNode),
    ...ofNode(getNamedType(field.type).astNode),
  ]
  const all = (parent: GraphQLNamedType, field: GraphQLField<unknown, unknown>): readonly Requirement[] => {
    if (!isAbstractType(parent)) return own(parent, field)
    const implementing = schema.getPossibleTypes(parent).flatMap((type) => {
      const its = isObjectType(type) ? type.getFields()[field.name] : undefined
      return its ? own(type, its) : []
    })
    return [...own(parent, field), ...implementing]
  }
  const known = new WeakMap<object, readonly Requirement[]>()
  return (parent, field) => {
    const requirements = known.get(field) ?? all(parent, field)
    known.set(field, requirements)
    return requirements
  }
}

type Kinds = ReadonlyMap<string, Requirement['kind']>

function requirementOf({ name, arguments: args = [] }: ConstDirectiveNode, kinds: Kinds): Requirement | null {
  const kind = kinds.get(name.value)
  if (!kind) return null
  if (kind === 'authenticated') return { kind }
  const value = args.find((argument) => argument.name.value === kind)?.value
  return { kind, alternatives: value ? stringLists(valueFromASTUntyped(value)) : [] }
}

const stringLists = (value: unknown): string[][] =>
  Array.isArray(value) ? value.map((all) => (Array.isArray(all) ? all.map(String) : [])) : []

const SPECS = new Map<string, Requirement['kind']>([
  ['authenticated', 'authenticated'],
  ['requiresScopes', 'scopes'],
  ['policy', 'policies'],
])

/** A supergraph may call a directive by another name: it says so where it links what the directive means. */
function directiveNames(schema: GraphQLSchema): Kinds {
  const names = new Map(SPECS)
  for (const node of [schema.astNode, ...schema.extensionASTNodes])
    for (const { name, arguments: args = [] } of node?.directives ?? []) {
      if (name.value !== 'link') continue
      const text = (wanted: string) => {
        const value = args.find((argument) => argument.name.value === wanted)?.value
        return value?.kind === Kind.STRING ? value.value : undefined
      }
      const [, spec = ''] = /\/([A-Za-z]+)\/v\d[^/]*$/.exec(text('url') ?? '') ?? []
      const as = text('as')
      const kind = SPECS.get(spec)
      if (!kind || as === undefined) continue
      names.delete(spec)
      names.set(as, kind)
    }
  return names
}
