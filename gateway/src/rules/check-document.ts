import { badLiterals } from '@ashlar/kit/check-variables'
import { AshlarError, tooComplex } from '@ashlar/kit/errors'
import { TextCache } from '@ashlar/kit/text-cache'
import {
  type ASTVisitor,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  NoFragmentCyclesRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  UniqueFragmentNamesRule,
  type ValidationContext,
  validate,
} from 'graphql'
import type { Limits } from '../limits.js'
import { checkNesting } from '../nesting.js'
import { rootFieldsOf } from '../root-fields.js'
import { hasConditionalRoot } from './conditional-roots.js'
import { introspectionSizes } from './introspection-size.js'
import { fragmentsOf, measuring } from './measure.js'
import { overlapsOf } from './overlaps.js'

/** A document that is valid and within all bounds, or what is wrong with it, each fault with its code. */
export type CheckedDocument = { readonly document: DocumentNode } | { readonly errors: readonly GraphQLError[] }

export type CheckDocument = (text: string) => CheckedDocument

/** Of the texts that are kept, in characters together: a document is some tens of times as large. */
const CHARS_KEPT = 1_000_000
/** What has to hold for the fragments of a document to be followed at all. */
const FRAGMENT_RULES = [UniqueFragmentNamesRule, NoFragmentCyclesRule]
const CONDITIONAL_ROOT = new GraphQLError('What a subscription begins with can not depend on @skip or @include.', {
  extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
})
const RULES = [...specifiedRules, KnownOperationsRule]
/** More of them tell nobody more. */
const ERRORS_MAX = 50
/** In texts of up to this length it is told what else a name may have meant: that takes its time. */
const SUGGESTED_MAX = 20_000
/** What graphql-js says where it has told enough, and where it has given up comparing fields. */
const TOO_MANY = 'Too many validation errors, error limit reached. Validation aborted.'
const ABORTED = 'Validation aborted.'

/**
 * Makes what reads the text of an operation, whichever transport brings it: parses it, holds it against every bound that can be known
 * without its variables, and validates it. Each text once; what is at fault is not kept. What would take long is refused before it does.
 * @param schema as clients see it
 */
export function documentChecks(schema: GraphQLSchema, limits: Limits): CheckDocument {
  const kept = new TextCache<CheckedDocument>({ texts: limits.plansKept, length: CHARS_KEPT })
  const introspectionOf = introspectionSizes(schema)

  function read(text: string): CheckedDocument {
    checkNesting(text, limits)
    const document = parse(text, { maxTokens: limits.tokens })
    boundDefinitions(document, limits)
    const options = { maxErrors: ERRORS_MAX, hideSuggestions: text.length > SUGGESTED_MAX }
    const unbounded = validate(schema, document, FRAGMENT_RULES, options)
    if (unbounded.length > 0) return { errors: faultsOf(document, unbounded) }
    boundSelections(document, limits)
    if (hasConditionalRoot(document)) return { errors: [CONDITIONAL_ROOT] }
    const errors = validate(schema, document, RULES, options)
    if (errors.length > 0) return { errors: faultsOf(document, errors) }
    for (const operation of operationsIn(document)) boundOperation(document, operation)
    return { document }
  }

  function boundOperation(document: DocumentNode, operation: OperationDefinitionNode) {
    const names = new Set(rootFieldsOf(document, operation).map(({ alias, name }) => (alias ?? name).value))
    bound('root fields', names.size, limits.rootFields)
    if (introspectionOf(operation, fragmentsOf(document)) <= limits.introspections) return
    const message = `The operation asks for more than ${limits.introspections} times what the schema says of itself.`
    throw tooComplex({ message, limit: limits.introspections })
  }

  return (text) => {
    const known = kept.get(text)
    if (known) return known
    try {
      const checked = read(text)
      if ('document' in checked) kept.set(text, checked)
      return checked
    } catch (error) {
      if (error instanceof AshlarError) return { errors: [error] }
      if (error instanceof GraphQLError) return { errors: [coded(error, 'GRAPHQL_PARSE_FAILED')] }
      throw error
    }
  }
}

/** graphql-js takes anything to be a field of a root that a schema does not have. */
function KnownOperationsRule(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(node) {
      if (context.getSchema().getRootType(node.operation)) return
      context.reportError(new GraphQLError(`The schema has no ${node.operation}.`, { nodes: node }))
    },
  }
}

function boundDefinitions(document: DocumentNode, limits: Limits) {
  const operations = operationsIn(document)
  bound('operations', operations.length, limits.operations)
  bound('fragments', document.definitions.length - operations.length, limits.fragments)
  for (const { variableDefinitions = [] } of operations) bound('variables', variableDefinitions.length, limits.variables)
}

/** Before validation, whose time grows with the square of some of these. */
function boundSelections(document: DocumentNode, limits: Limits) {
  const fragments = fragmentsOf(document)
  const measure = measuring(fragments)
  const operations = operationsIn(document)
  for (const definition of [...operations, ...fragments.values()]) {
    const { selections, aliases, directives, depth } = measure(definition)
    bound('selections', selections, limits.selections)
    bound('aliases', aliases, limits.aliases)
    bound('directives', directives, limits.directives)
    bound('fields within each other', depth, limits.depth)
  }
  let overlaps = 0
  for (const operation of operations) {
    overlaps += overlapsOf(operation, fragments, limits.overlaps)
    bound('fields of one name in one place', overlaps, limits.overlaps)
  }
}

/** @throws TOO_COMPLEX */
function bound(what: string, count: number, limit: number) {
  if (count > limit) throw tooComplex({ message: `The operation has more than ${limit} ${what}.`, limit })
}

const operationsIn = ({ definitions }: DocumentNode): readonly OperationDefinitionNode[] =>
  definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION)

/** A value that can't be is the same fault in an operation's text as in its variables: BAD_USER_INPUT with every issue in it. */
function faultsOf(document: DocumentNode, errors: readonly GraphQLError[]): readonly GraphQLError[] {
  if (errors.some(({ message }) => message === ABORTED)) return [tooComplex({ message: 'The operation takes too long to validate.' })]
  const told = errors.filter(({ message }) => message !== TOO_MANY)
  const literals = badLiterals(document, told)
  return literals ? [literals] : told.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED'))
}

const coded = ({ message, nodes, source, positions, extensions }: GraphQLError, code: string): GraphQLError =>
  new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    extensions: { ...extensions, code },
  })
