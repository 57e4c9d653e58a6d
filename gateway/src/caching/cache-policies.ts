import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'
import { type Conditions, conditionsOf, conditionVariables, isIncluded } from '../execution/conditions.js'
import { fragmentsOf } from '../rules/measure.js'
import { type CachePolicy, NOT_KEPT } from './cache-policy.js'

const DIRECTIVE = 'cacheControl'
/** Who has one sees what is not published yet (security.md, Sharing and caching). */
const PREVIEW = 'previewToken'
/** Ways in which conditions come out, kept for one operation. */
const WAYS_MAX = 16

interface Hint {
  readonly maxAge: number | undefined
  readonly scope: string | undefined
  readonly inherits: boolean
}

type PolicyOf = (variables: Readonly<Record<string, unknown>>) => CachePolicy
const PRIVATE = 'PRIVATE'
const NO_HINT: Hint = { maxAge: undefined, scope: undefined, inherits: false }
const NEVER: Hint = { ...NO_HINT, maxAge: 0 }

/**
 * For how long the answer of an operation holds by `@cacheControl(maxAge, scope, inheritMaxAge)`, by the rules of Apollo Server: root fields
 * and those of objects 0 unless they or their types say otherwise, leaves like what they are in, one PRIVATE makes it all so.
 */
export class CachePolicies {
  private readonly compiled = new WeakMap<DocumentNode, Map<string, PolicyOf>>()
  /** Whether the graph knows the directive; it is in a supergraph only where services have it by `@composeDirective`. */
  readonly declared: boolean

  constructor(private readonly schema: GraphQLSchema) {
    this.declared = schema.getDirective(DIRECTIVE) != null
  }

  /** Null where the graph does not know the directive. */
  of(document: DocumentNode, operation: OperationDefinitionNode): PolicyOf | null {
    if (!this.declared) return null
    const name = operation.name?.value ?? ''
    const known = this.compiled.get(document) ?? new Map<string, PolicyOf>()
    this.compiled.set(document, known)
    const policy = known.get(name) ?? this.compile(document, operation)
    known.set(name, policy)
    return policy
  }

  private compile(document: DocumentNode, operation: OperationDefinitionNode): PolicyOf {
    const fragments = fragmentsOf(document)
    const names = conditionVariables(operation, fragments.values())
    const ways = new Map<string, CachePolicy>()
    return (variables) => {
      const conditions = conditionsOf(names, operation, variables)
      const way = [...conditions.values()].map(Number).join('')
      const known = ways.get(way)
      if (known) return known
      const policy = policyOf(this.schema, operation, fragments, conditions)
      if (ways.size < WAYS_MAX) ways.set(way, policy)
      return policy
    }
  }
}

function policyOf(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  conditions: Conditions,
): CachePolicy {
  const root = schema.getRootType(operation.operation)
  const seen = new Set<string>()
  let maxAgeSeconds = Number.POSITIVE_INFINITY
  let isPrivate = false

  const restrict = (hint: Hint) => {
    if (hint.maxAge !== undefined) maxAgeSeconds = Math.min(maxAgeSeconds, hint.maxAge)
    isPrivate ||= hint.scope === PRIVATE
  }

  function visit(parent: GraphQLNamedType | undefined | null, { selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (!isIncluded(selection, conditions)) continue
      if (selection.kind === Kind.FIELD) field(parent, selection)
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition?.name.value
        visit(condition === undefined ? parent : schema.getType(condition), selection.selectionSet)
      } else if (!seen.has(selection.name.value)) {
        // What it says holds wherever it is spread.
        seen.add(selection.name.value)
        const fragment = fragments.get(selection.name.value)
        if (fragment) visit(schema.getType(fragment.typeCondition.name.value), fragment.selectionSet)
      }
    }
  }

  function field(parent: GraphQLNamedType | undefined | null, node: FieldNode): void {
    const { value: name } = node.name
    if (name === '__typename') return
    const definition = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined
    if (!definition || node.arguments?.some((argument) => argument.name.value === PREVIEW)) {
      restrict(NEVER)
      return
    }
    for (const each of definitionsOf(schema, parent, name, definition)) restrict(hintOf(each, parent === root))
    if (node.selectionSet) visit(getNamedType(definition.type), node.selectionSet)
  }

  visit(root, operation.selectionSet)
  return Number.isFinite(maxAgeSeconds) ? { maxAgeSeconds, isPrivate } : NOT_KEPT
}

type Field = GraphQLField<unknown, unknown>

/** An interface's field is that of whichever type there is. */
const definitionsOf = (schema: GraphQLSchema, parent: GraphQLNamedType | undefined | null, name: string, own: Field): readonly Field[] =>
  isAbstractType(parent) ? schema.getPossibleTypes(parent).map((type: GraphQLObjectType) => type.getFields()[name] ?? own) : [own]

function hintOf({ type, astNode }: Field, isRoot: boolean): Hint {
  const target = getNamedType(type)
  const ofField = hintIn(astNode?.directives)
  const ofType = isCompositeType(target) ? hintIn(target.astNode?.directives) : NO_HINT
  const inherits = ofField.inherits ? ofType.maxAge === undefined : ofType.inherits && ofField.maxAge === undefined
  const maxAge = ofField.maxAge ?? ofType.maxAge
  const unset = maxAge === undefined && (isRoot || (isCompositeType(target) && !inherits))
  return { maxAge: unset ? 0 : maxAge, scope: ofField.scope ?? ofType.scope, inherits }
}

/** Where services differ, the strictest holds. */
function hintIn(directives: readonly ConstDirectiveNode[] = []): Hint {
  let hint = NO_HINT
  for (const { name, arguments: args = [] } of directives) {
    if (name.value !== DIRECTIVE) continue
    const given = new Map(args.map((argument) => [argument.name.value, argument.value]))
    const maxAge = given.get('maxAge')
    const scope = given.get('scope')
    const inherits = given.get('inheritMaxAge')
    const seconds = maxAge?.kind === Kind.INT ? Math.max(0, Number(maxAge.value)) : undefined
    hint = {
      maxAge: seconds === undefined ? hint.maxAge : Math.min(seconds, hint.maxAge ?? seconds),
      scope: scope?.kind === Kind.ENUM && hint.scope !== PRIVATE ? scope.value : hint.scope,
      inherits: hint.inherits || (inherits?.kind === Kind.BOOLEAN && inherits.value),
    }
  }
  return hint
}
