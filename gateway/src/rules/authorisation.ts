import { type AshlarError, forbidden, unauthenticated } from '@ashlar/kit/errors'
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  type OperationDefinitionNode,
  OperationTypeNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import { sessionOpeners } from '../composition/signs-in.js'
import { dataKeysOf } from '../planning/data-keys.js'
import { inlineFragments } from './inline-fragments.js'
import { fragmentsOf } from './measure.js'
import { type Refusals, takeOut } from './refusals.js'
import { type Credential, type FieldRequirements, isMet, type Requirement, requirementsIn } from './requirements.js'

/** What somebody may have of an operation. */
export interface Authorised {
  /** Tells apart what different callers may have of one operation; empty where that is all of it. */
  readonly key: string
  readonly refusals: Refusals | null
}

/** What is refused, to whom: nobody signed in can be helped by signing in. */
export const refusalFor = (credential: Credential | null): AshlarError => (credential ? forbidden() : unauthenticated())

export interface AuthorisationOptions {
  /** With the directives that the services have declared. */
  readonly schema: GraphQLSchema
}

/** Ways in which one operation comes out for callers; more of them are found out anew each time. */
const WAYS_MAX = 16
const WHOLE: Authorised = { key: '', refusals: null }

interface Compiled {
  /** All that any field of the operation asks for, each once. */
  readonly requirements: readonly Requirement[]
  readonly policies: readonly string[]
  readonly ways: Map<string, Authorised>
}

/** Decides what a caller may have of an operation, by what the schema declares. Each operation is looked through once. */
export class Authorisation {
  private readonly compiled = new WeakMap<OperationDefinitionNode, Compiled>()
  private readonly requirementsOf: FieldRequirements
  private readonly opensSession: (rootField: string) => boolean

  constructor(private readonly options: AuthorisationOptions) {
    this.requirementsOf = requirementsIn(options.schema)
    const opening = sessionOpeners(options.schema)
    this.opensSession = (rootField) => opening.has(rootField)
  }

  /** Whether it depends on who asks what an operation is answered. */
  asksWho(document: DocumentNode, operation: OperationDefinitionNode): boolean {
    return this.of(document, operation).requirements.length > 0
  }

  /** The policies that an operation depends on. */
  policiesOf(document: DocumentNode, operation: OperationDefinitionNode): readonly string[] {
    return this.of(document, operation).policies
  }

  /**
   * What of an operation is for this caller; with the same outcome it is the same object, as long as it is kept.
   * @param policies those that hold for who asks
   */
  authorise(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    credential: Credential | null,
    policies: ReadonlySet<string>,
  ): Authorised {
    const { requirements, ways } = this.of(document, operation)
    const unmet = requirements.filter((requirement) => !isMet(requirement, credential, policies))
    if (unmet.length === 0) return WHOLE
    const key = unmet.map((requirement) => requirements.indexOf(requirement)).join(',')
    const known = ways.get(key)
    if (known) return known
    const way = { key, refusals: this.refuse(document, operation, new Set(unmet.map(textOf))) }
    const [oldest] = ways.keys()
    if (ways.size >= WAYS_MAX && oldest !== undefined) ways.delete(oldest)
    ways.set(key, way)
    return way
  }

  private refuse(document: DocumentNode, operation: OperationDefinitionNode, unmet: ReadonlySet<string>): Refusals {
    const { schema } = this.options
    return takeOut(inlineFragments(operation, fragmentsOf(document)), {
      schema,
      dataKeyOf: dataKeysOf(schema).dataKeyOf,
      isRefused: (parent, node, rootField) => {
        const field = fieldOf(parent, node)
        return field !== undefined && this.asked(operation, parent, field, rootField).some((requirement) => unmet.has(textOf(requirement)))
      },
    })
  }

  private of(document: DocumentNode, operation: OperationDefinitionNode): Compiled {
    const known = this.compiled.get(operation)
    if (known) return known
    const found = new Map<string, Requirement>()
    const inlined = inlineFragments(operation, fragmentsOf(document))
    const info = new TypeInfo(this.options.schema)
    const above: string[] = []
    visit(
      inlined,
      visitWithTypeInfo(info, {
        Field: {
          enter: (node) => {
            const [rootField = null] = above
            above.push(node.name.value)
            const parent = info.getParentType()
            const field = parent && fieldOf(parent, node)
            if (!parent || !field) return
            for (const requirement of this.asked(operation, parent, field, rootField)) found.set(textOf(requirement), requirement)
          },
          leave: () => {
            above.pop()
          },
        },
      }),
    )
    const requirements = [...found.values()]
    const policies = requirements.flatMap((each) => (each.kind === 'policies' ? each.alternatives.flat() : []))
    const compiled = { requirements, policies: [...new Set(policies)], ways: new Map() }
    this.compiled.set(operation, compiled)
    return compiled
  }

  /** @param rootField which it stands below; null for one itself */
  private asked(
    { operation }: OperationDefinitionNode,
    parent: GraphQLNamedType,
    field: GraphQLField<unknown, unknown>,
    rootField: string | null,
  ): readonly Requirement[] {
    if (operation === OperationTypeNode.MUTATION && rootField !== null && this.opensSession(rootField)) return []
    return this.requirementsOf(parent, field)
  }
}

const textOf = (requirement: Requirement): string => JSON.stringify(requirement)

function fieldOf(parent: GraphQLNamedType, { name }: FieldNode): GraphQLField<unknown, unknown> | undefined {
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name.value] : undefined
}
