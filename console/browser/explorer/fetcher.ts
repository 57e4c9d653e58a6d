import type { Fetcher } from '@graphiql/toolkit'
import { getOperationAST, OperationTypeNode } from 'graphql'
import { follow } from '../session/follow.js'
import { session } from '../session/use-session.js'

/** Runs what the editor holds as whoever is signed in; headers of the editor's own come on top. */
export const fetcher: Fetcher = async ({ query, variables, operationName }, { headers, documentAST } = {}) => {
  const operation = { query, variables, operationName: nameIn(query, operationName) }
  const kind = documentAST && getOperationAST(documentAST, operation.operationName)?.operation
  if (kind === OperationTypeNode.SUBSCRIPTION) return follow(operation, headers) as ReturnType<Fetcher>
  const { answer } = await session.send(operation, headers)
  return answer as Awaited<ReturnType<Fetcher>>
}

/** For a moment after a change of tabs the editor still names the operation of the tab before. */
const nameIn = (query: string, name: string | null | undefined): string | undefined =>
  name && new RegExp(`\\b(query|mutation|subscription)\\s+${name}\\b`).test(query) ? name : undefined
