import {
  type ArgumentNode,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql'
import { type Conditions, conditionsOf, conditionVariables, isIncluded } from './execution/conditions.js'
import { fragmentsOf } from './rules/measure.js'

type Variables = Readonly<Record<string, unknown>>
/** A part of an operation's cost, once its variables are known. */
type Part = (variables: Variables, conditions: Conditions) => number

export interface CostOptions {
  /** With `@cost` and `@listSize` as the services have declared them. */
  readonly schema: GraphQLSchema
  /** Of a list of which the schema does not say how long it may be. */
  readonly listSize: number
}

const MUTATION = 10

/**
 * Compiles what an operation may cost at most, by the rules of Apollo Router's demand control: a mutation 10, each object 1 unless `@cost`
 * says otherwise, leaves nothing, all of a list as often as it may be long (`@listSize`: by its slicing arguments, defaults included, or as
 * assumed), arguments and input fields what `@cost` says. What a condition leaves out costs nothing.
 */
export function compileCost(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  options: CostOptions,
): (variables: Variables) => number {
  const fragments = fragmentsOf(document)
  const root = options.schema.getRootType(operation.operation)
  if (!root) return () => 0
  const presets = presetsOf(operation)
  const selections = selectionsCost({ ...options, fragments }, root, operation.selectionSet, null)
  const base = operation.operation === OperationTypeNode.MUTATION ? MUTATION : 0
  const names = conditionVariables(operation, fragments.values())
  return (given) => {
    const variables = presets ? { ...presets, ...given } : given
    return base + selections(variables, conditionsOf(names, operation, given))
  }
}

/** What operations may cost, each compiled once for as long as its document is kept. */
export class Costs {
  private readonly compiled = new WeakMap<DocumentNode, Map<string, (variables: Variables) => number>>()

  constructor(private readonly options: CostOptions) {}

  of(document: DocumentNode, operation: OperationDefinitionNode): (variables: Variables) => number {
    const name = operation.name?.value ?? ''
    const known = this.compiled.get(document) ?? new Map<string, (variables: Variables) => number>()
    this.compiled.set(document, known)
    const cost = known.get(name) ?? compileCost(document, operation, this.options)
    known.set(name, cost)
    return cost
  }
}

interface Walk extends CostOptions {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
}

/** How long the lists below a field may be, as the field says it of them. */
interface Sized {
  readonly fields: ReadonlySet<string>
  readonly size: (variables: Variables) => number | null
}

function presetsOf({ variableDefinitions = [] }: OperationDefinitionNode): Variables | null {
  const presets = variableDefinitions.flatMap(({ variable, defaultValue }) =>
    defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)] as const] : [],
  )
  return presets.length > 0 ? Object.fromEntries(presets) : null
}

function selectionsCost(walk: Walk, type: GraphQLNamedType, { selections }: SelectionSetNode, above: Sized | null): Part {
  const parts = selections.flatMap((selection): Part[] => {
    if (selection.kind === Kind.FIELD) {
      const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[selection.name.value] : undefined
      // `__typename`, and the schema itself.
      if (!field) return []
      const cost = fieldCost(walk, selection, field, above)
      return [(variables, conditions) => (isIncluded(selection, conditions) ? cost(variables, conditions) : 0)]
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? walk.fragments.get(selection.name.value) : selection
    if (!fragment) return []
    const { typeCondition } = fragment
    const within = (typeCondition && walk.schema.getType(typeCondition.name.value)) ?? type
    const cost = selectionsCost(walk, within, fragment.selectionSet, above)
    return [(variables, conditions) => (isIncluded(selection, conditions) ? cost(variables, conditions) : 0)]
  })
  return (variables, conditions) => parts.reduce((sum, part) => sum + part(variables, conditions), 0)
}

function fieldCost(walk: Walk, node: FieldNode, field: GraphQLField<unknown, unknown>, above: Sized | null): Part {
  const type = getNamedType(field.type)
  const sizes = listSizeOf(node, field)
  const weight = weightOf(field.astNode?.directives) ?? weightOf(type.astNode?.directives) ?? (isCompositeType(type) ? 1 : 0)
  const below: Sized | null = sizes && sizes.fields.size > 0 ? sizes : null
  const inner = node.selectionSet ? selectionsCost(walk, type, node.selectionSet, below) : () => 0
  const args = argumentsCost(node, field)
  const isList = isListType(getNullableType(field.type))
  const sizeAbove = above?.fields.has(field.name) ? above.size : null
  const count = (variables: Variables): number => {
    if (!isList) return 1
    return sizeAbove?.(variables) ?? (sizes && sizes.fields.size === 0 ? sizes.size(variables) : null) ?? walk.listSize
  }
  return (variables, conditions) => count(variables) * (weight + inner(variables, conditions)) + args(variables)
}

function listSizeOf(node: FieldNode, field: GraphQLField<unknown, unknown>): Sized | null {
  const directive = field.astNode?.directives?.find(({ name }) => name.value === 'listSize')
  if (!directive) return null
  const assumed = argumentOf(directive, 'assumedSize')
  const slicing = textsOf(argumentOf(directive, 'slicingArguments'))
  const given = field.args.filter(({ name }) => slicing.includes(name)).map((argument) => argumentValue(node, argument))
  return {
    fields: new Set(textsOf(argumentOf(directive, 'sizedFields'))),
    size(variables) {
      const numbers = given.map((value) => value(variables)).filter((value) => typeof value === 'number')
      if (numbers.length > 0) return Math.max(0, ...numbers)
      return typeof assumed === 'number' ? assumed : null
    },
  }
}

/** What an argument comes to: as given, by a variable, or as the schema presets it. */
function argumentValue(node: FieldNode, { name, defaultValue }: GraphQLArgument): (variables: Variables) => unknown {
  const value = node.arguments?.find((each: ArgumentNode) => each.name.value === name)?.value
  if (!value) return () => defaultValue
  if (value.kind === Kind.VARIABLE) {
    const { value: variable } = value.name
    return (variables) => (Object.hasOwn(variables, variable) ? variables[variable] : defaultValue)
  }
  return (variables) => valueFromASTUntyped(value, variables)
}

function argumentsCost(node: FieldNode, field: GraphQLField<unknown, unknown>): (variables: Variables) => number {
  const parts = field.args.flatMap((argument) => {
    const { type, astNode } = argument
    const inputCost = inputCostOf(type)
    const weight = weightOf(astNode?.directives)
    if (weight === null && !inputCost) return []
    const value = argumentValue(node, argument)
    return [
      (variables: Variables) => {
        const given = value(variables)
        if (given === undefined || given === null) return 0
        return (weight ?? 0) + (inputCost?.(given) ?? 0)
      },
    ]
  })
  return parts.length === 0 ? () => 0 : (variables) => parts.reduce((sum, part) => sum + part(variables), 0)
}

/** What an input costs, however deep; null for one that never does. */
function inputCostOf(given: GraphQLInputType): ((value: unknown) => number) | null {
  const type = getNamedType(given)
  return mayCost(type, new Set()) ? (value) => inputCost(type, value) : null
}

function inputCost(type: GraphQLNamedType, value: unknown): number {
  const own = weightOf(type.astNode?.directives) ?? 0
  return each(value, (item) => {
    if (!isInputObjectType(type) || typeof item !== 'object') return own
    return Object.values(type.getFields()).reduce((sum, { name, type: inner, astNode }) => {
      const found = Object.hasOwn(item as object, name) ? (item as Variables)[name] : undefined
      return found === undefined || found === null
        ? sum
        : sum + (weightOf(astNode?.directives) ?? 0) + inputCost(getNamedType(inner), found)
    }, own)
  })
}

function mayCost(type: GraphQLNamedType, seen: Set<GraphQLNamedType>): boolean {
  if (weightOf(type.astNode?.directives) !== null) return true
  if (!isInputObjectType(type) || seen.has(type)) return false
  seen.add(type)
  return Object.values(type.getFields()).some(
    ({ type: inner, astNode }) => weightOf(astNode?.directives) !== null || mayCost(getNamedType(inner), seen),
  )
}

const each = (value: unknown, cost: (item: unknown) => number): number =>
  Array.isArray(value) ? value.reduce((sum: number, item) => sum + each(item, cost), 0) : value === null ? 0 : cost(value)

function weightOf(directives: readonly ConstDirectiveNode[] | undefined): number | null {
  const directive = directives?.find(({ name }) => name.value === 'cost')
  const weight = directive && argumentOf(directive, 'weight')
  return typeof weight === 'number' ? weight : null
}

function argumentOf({ arguments: args = [] }: ConstDirectiveNode, name: string): unknown {
  const value = args.find((argument) => argument.name.value === name)?.value
  return value && valueFromASTUntyped(value)
}

const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [])
