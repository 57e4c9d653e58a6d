import { defaultFieldResolver, type GraphQLField, type GraphQLObjectType, type GraphQLSchema, getNamedType, isObjectType } from 'graphql'
import { type Caller, opensOwn } from './caller.js'
import type { Context } from './context.js'
import { type AshlarError, forbidden, unauthenticated } from './errors.js'
import { type Requirement, requirementOf } from './requirements.js'

const FRESH_SIGN_IN_MS = 60 * 60 * 1000
/** Scopes whose mutations want a person who signed in lately, or a key that bears them. */
const FRESH_SCOPES = ['users:admin', 'services:admin']

type Check = (caller: Caller) => AshlarError | null

/**
 * Under this key an object that a resolver answers bears the caller for whom its fields are: the viewer of somebody who has signed in
 * just now, in a request that bore no credential. Nothing that comes from outside can have such a key.
 */
export const asCaller: unique symbol = Symbol('as caller')

/** For whom the fields of an object are: who has just signed in, or who asks. */
export const callerFor = (source: unknown, context: Pick<Context, 'caller'>): Caller =>
  (source as { readonly [asCaller]?: Caller } | null | undefined)?.[asCaller] ?? context.caller

/**
 * Puts the checks that a schema declares in front of its resolvers, `_entities` included: `@authenticated` and `@requiresScopes`
 * on fields, on their types and on the types that they lead to, and for `Viewer` the service's own `<service>:read`.
 */
export function enforceAuthorisation(schema: GraphQLSchema, service: string, openViewerFields: ReadonlySet<string>): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue
    const mutation = type === schema.getMutationType()
    for (const field of Object.values(type.getFields())) {
      const checks = checksOf(type, field, service, mutation)
      if (type.name === 'Viewer' && field.name !== 'userId' && !openViewerFields.has(field.name)) checks.push(ownThings(service))
      if (checks.length > 0) guard(field, checks)
    }
    guardReference(type)
  }
}

function checksOf(type: GraphQLObjectType, field: GraphQLField<unknown, Context>, service: string, writes: boolean): Check[] {
  const checks: Check[] = []
  const own = requirementOf(field.astNode?.directives)
  if (own) checks.push(meets(own), ...(writes ? [mayWrite(own, service)] : []))
  for (const requirement of [requirementOf(type.astNode?.directives), requirementOf(getNamedType(field.type).astNode?.directives)]) {
    if (requirement) checks.push(meets(requirement))
  }
  return checks
}

const meets =
  ({ scopes }: Requirement): Check =>
  ({ identity, may }) => {
    if (!identity) return unauthenticated()
    if (scopes.length > 0 && !scopes.some((all) => all.every(may))) return forbidden()
    return null
  }

function mayWrite({ scopes }: Requirement, service: string): Check {
  if (scopes.length > 0) {
    const wantsFreshSignIn = scopes.flat().some((scope) => FRESH_SCOPES.includes(scope))
    return ({ identity }) => {
      if (!wantsFreshSignIn || !identity || identity.credential === 'key') return null
      const age = Date.now() - (identity.authenticatedAt?.getTime() ?? 0)
      return identity.credential === 'session' && age < FRESH_SIGN_IN_MS ? null : unauthenticated({ reauthenticate: true })
    }
  }
  // A role's scope such as posts:moderate opens what it names without the owner's own things; the service decides on which.
  const opensMore = (scope: string) => scope.startsWith(`${service}:`) && scope !== `${service}:read`
  return ({ identity }) => (identity && (opensOwn(identity, service, 'write') || identity.scopes.some(opensMore)) ? null : forbidden())
}

const ownThings =
  (service: string): Check =>
  ({ identity }) =>
    opensOwn(identity, service, 'read') ? null : identity ? forbidden() : unauthenticated()

function guard(field: GraphQLField<unknown, Context>, checks: readonly Check[]): void {
  const { resolve = defaultFieldResolver, subscribe } = field
  const guarded =
    (inner: typeof resolve): typeof resolve =>
    (source, args, context, info) => {
      for (const check of checks) {
        const refusal = check(callerFor(source, context))
        if (refusal) throw refusal
      }
      return inner(source, args, context, info)
    }
  field.resolve = guarded(resolve)
  // A subscription begins to listen before it has anything to resolve.
  if (subscribe) field.subscribe = guarded(subscribe)
}

interface ReferenceResolver {
  resolveReference?: (reference: object, context: Context, info: unknown) => unknown
}

/** Entities of a type that needs a sign-in need it here too; and one reference that is refused must not take the others along. */
function guardReference(type: GraphQLObjectType): void {
  const subgraph = (type.extensions.apollo as { subgraph?: ReferenceResolver } | undefined)?.subgraph
  const resolveReference = subgraph?.resolveReference
  const requirement = requirementOf(type.astNode?.directives)
  if (!subgraph || !resolveReference) return
  const check = requirement ? meets(requirement) : null
  subgraph.resolveReference = async (reference, context, info) => {
    const refusal = check?.(context.caller)
    if (refusal) throw refusal
    return resolveReference(reference, context, info)
  }
}
