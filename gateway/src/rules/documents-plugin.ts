import { type ApolloServerPlugin, HeaderMap } from '@apollo/server'
import { type DocumentNode, GraphQLError, type GraphQLFormattedError, type GraphQLSchema, parse } from 'graphql'
import type { GatewayContext } from '../context.js'
import type { CheckDocument } from './check-document.js'

export interface DocumentsOptions {
  readonly checkOf: (schema: GraphQLSchema) => CheckDocument
  readonly present: (error: GraphQLFormattedError, cause: unknown) => GraphQLFormattedError
}

/** Stands in for what was refused, until Apollo lets us say so. */
const NOTHING = parse('{ __typename }', { noLocation: true })
const BAD_REQUEST = 400

/**
 * Has plain requests read by the same function as any other: Apollo parses and validates what has no document yet, and here each has one.
 * Its own store of documents has to be off.
 */
export const checkDocuments = ({ checkOf, present }: DocumentsOptions): ApolloServerPlugin<GatewayContext> => ({
  requestDidStart: async () => {
    let faults: readonly GraphQLError[] = []
    return {
      didResolveSource: async (request) => {
        const checked = checkOf(request.schema)(request.source)
        if ('errors' in checked) faults = checked.errors
        const open = request as { document?: DocumentNode }
        open.document = 'errors' in checked ? NOTHING : checked.document
      },
      // Within the call, so that it is the first of all plug-ins' faults.
      didResolveOperation: () => {
        const [fault] = faults
        return fault ? Promise.reject(refusalOf(fault)) : Promise.resolve()
      },
      willSendResponse: async ({ response: { body } }) => {
        if (faults.length > 1 && body.kind === 'single') body.singleResult.errors = faults.map((fault) => present(fault.toJSON(), fault))
      },
    }
  },
})

const refusalOf = (fault: GraphQLError) =>
  new GraphQLError(fault.message, {
    nodes: fault.nodes ?? null,
    source: fault.source ?? null,
    positions: fault.positions ?? null,
    extensions: { ...fault.extensions, http: { status: BAD_REQUEST, headers: new HeaderMap() } },
    originalError: fault,
  })
