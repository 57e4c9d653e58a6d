import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql'
import { badLiterals } from './check-variables.js'
import { TextCache } from './text-cache.js'

const MAX = { texts: 1_000, length: 1_000_000 }
/** Above what the gateway lets through with all its fragments spread. */
const MAX_TOKENS = 100_000

type Found =
  | { readonly document: DocumentNode; operation(name?: string | null): OperationDefinitionNode | null }
  | { readonly errors: readonly GraphQLError[] }

/** Parses and validates each text once. Bounded; texts at fault are not kept. */
export function documentCache(schema: GraphQLSchema) {
  const cache = new TextCache<Found>(MAX)
  return {
    get(query: string): Found {
      const known = cache.get(query)
      if (known) return known
      const found = read(schema, query)
      if (!('errors' in found)) cache.set(query, found)
      return found
    },
  }
}

function read(schema: GraphQLSchema, query: string): Found {
  try {
    const document = parse(query, { maxTokens: MAX_TOKENS, noLocation: true })
    const errors = validate(schema, document)
    if (errors.length === 0) return { document, operation: (name) => getOperationAST(document, name) ?? null }
    // The gateway has no scalars of ours: a literal that one of them refuses is found here, and is the caller's to hear of.
    const literals = badLiterals(document, errors)
    return { errors: literals ? [literals] : errors }
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] }
    throw error
  }
}
