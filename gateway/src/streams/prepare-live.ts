import { createHash } from 'node:crypto'
import type { Asking } from '@ashlar/kit/caller'
import { badUserInput } from '@ashlar/kit/errors'
import { type DocumentNode, GraphQLError, getOperationAST, type OperationDefinitionNode, parse } from 'graphql'
import { rootFieldsOf } from '../root-fields.js'
import { refusalFor } from '../rules/authorisation.js'
import type { Refusals } from '../rules/refusals.js'
import type { Version } from '../supergraph-gateway.js'
import { AFTER_VARIABLE, type LiveDocument, liveDocument } from './live-document.js'
import type { LiveOperation } from './live-operation.js'

/** What a text asks for. */
export interface Asked {
  readonly query: string
  readonly operationName: string | null
  readonly variables: Readonly<Record<string, unknown>>
}

/** Each subscription is read once for as long as its document is kept, and once for each way in which it is refused in part. */
const read = new WeakMap<object, { readonly live: LiveDocument; readonly hash: string }>()

/**
 * The operation of a text that may run on a version of the graph.
 * @throws GraphQLError for what is no operation of it; TOO_COMPLEX, BAD_USER_INPUT
 */
export function readOperation({ rules }: Version, { query, operationName, variables }: Asked) {
  const checked = rules.check(query)
  if ('errors' in checked) throw checked.errors[0] ?? new Error('a document without a fault was refused')
  return { document: checked.document, operation: rules.operation(checked.document, operationName, variables) }
}

/** All of a subscription is refused to whoever asks: they are told in an answer of it, and nothing runs. */
export class RootRefused extends Error {
  override name = 'RootRefused'

  constructor(readonly error: GraphQLError) {
    super(error.message)
  }
}

/**
 * A subscription as one version of the graph follows it, for whoever asks.
 * @throws as `readOperation`; RootRefused; BAD_USER_INPUT for what can't be planned
 */
export async function prepareLive(version: Version, asked: Asked, asking: Asking): Promise<LiveOperation> {
  const { document, operation } = readOperation(version, asked)
  const { operationName, variables } = asked
  if (operation.variableDefinitions?.some(({ variable }) => variable.name.value === AFTER_VARIABLE))
    throw badUserInput(AFTER_VARIABLE, 'is a name that the gateway uses itself: give the variable another one')
  const { key, refusals } = await version.rules.authorise(document, operation, asking)
  if (refusals && refusals.left === null) {
    const [root] = rootFieldsOf(document, operation)
    const { message, extensions } = refusalFor(asking.identity)
    throw new RootRefused(new GraphQLError(message, { path: [(root?.alias ?? root?.name)?.value ?? ''], extensions }))
  }
  const { live, hash } = known(version, refusals ?? operation, () => readLeft(refusals, document, operation))

  const plan = await version.plan(hash, { query: live.text, operationName })
  const compiled = version.compileSubscription({ plan, document: refusals?.asked ?? document, operationName, refusals })
  const source = version.sources[compiled.service]
  if (!source) throw new Error(`there is no service ${compiled.service}`)
  // What is refused is in the answer, but not in what is left to be followed.
  const part = refusals ? asked.query : ''
  return { live, compiled, source, variables, asked: JSON.stringify([operationName, key, part]), version }
}

interface Read {
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
}

/** What is left of an operation for whoever asks: all of it, or another one. */
function readLeft(refusals: Refusals | null, document: DocumentNode, operation: OperationDefinitionNode): Read {
  if (!refusals || refusals.left === null) return { document, operation }
  const left = parse(refusals.left, { noLocation: true })
  const found = getOperationAST(left, operation.name?.value)
  if (!found) throw new Error('nothing is left of an operation')
  return { document: left, operation: found }
}

function known({ supergraphSchema }: Version, key: object, readIt: () => Read) {
  const found = read.get(key)
  if (found) return found
  const { document, operation } = readIt()
  const live = liveDocument(document, operation, supergraphSchema)
  const entry = { live, hash: createHash('sha256').update(live.text).digest('hex') }
  read.set(key, entry)
  return entry
}
