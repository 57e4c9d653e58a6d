import type { QueryPlan } from '@apollo/query-planner'
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  Kind,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import { type DataKeys, dataKeysOf, withMeanings } from './data-keys.js'
import { type Meanings, meaningsOf } from './meanings.js'
import type { Operation } from './planner.js'

const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }

/** What a graph is planned by. */
interface Schemas {
  /** As clients see it. */
  readonly schema: GraphQLSchema
  readonly supergraphSchema: GraphQLSchema
}

export interface Plannable {
  readonly operation: Operation
  /** By which the keys of its data are found. */
  readonly meanings: Meanings
}

/** A plan that knows under which keys its data comes. */
export interface KeyedPlan extends QueryPlan {
  readonly meanings?: Meanings
}

/**
 * An operation as the planner can take it, where it would lose something of it: a field is fetched under a name of its own where its alias
 * is that of what the planner may fetch on the way; and an object of which all that is asked depends on conditions is asked for its type
 * as well, since it is there whatever comes of them.
 */
export function plannable(operation: Operation, { schema, supergraphSchema }: Schemas): Plannable {
  const document = parse(operation.query, { noLocation: true })
  const meanings = meaningsOf(document)
  const changed = changedDocument(document, schema, withMeanings(dataKeysOf(supergraphSchema), meanings), operation.defers === true)
  return { operation: changed === document ? operation : { ...operation, query: print(changed) }, meanings }
}

function changedDocument(document: DocumentNode, schema: GraphQLSchema, { dataKeyOf }: DataKeys, defers: boolean): DocumentNode {
  const types = new TypeInfo(schema)
  const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()])
  return visit(
    document,
    visitWithTypeInfo(types, {
      Field(node) {
        const key = dataKeyOf(node)
        return key === (node.alias ?? node.name).value ? undefined : { ...node, alias: { kind: Kind.NAME, value: key } }
      },
      Directive: ({ name }) => (name.value === 'defer' && !defers ? null : undefined),
      SelectionSet: {
        leave(node): SelectionSetNode | undefined {
          const type = getNamedType(types.getParentType())
          if (!type || (isObjectType(type) && roots.has(type)) || !node.selections.every(isConditional)) return undefined
          return { ...node, selections: [...node.selections, TYPENAME] }
        },
      },
    }),
  )
}

const isConditional = ({ directives = [] }: SelectionNode): boolean =>
  directives.some(({ name: { value } }) => value === 'skip' || value === 'include' || value === 'defer')
