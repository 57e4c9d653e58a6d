import type { GraphQLDataSource } from '@apollo/gateway'
import type { Logger } from '@ashlar/kit/log'
import { type GraphQLFormattedError, type GraphQLSchema, OperationTypeNode } from 'graphql'
import type { GatewayContext } from '../context.js'
import { failureOf } from '../data-sources/failure.js'
import type { Answer, Source } from '../data-sources/source.js'
import { checkShape } from './check-shape.js'
import { type FetchedDocument, pathsOf } from './fetched-document.js'

export interface FetchSourceOptions {
  readonly service: string
  readonly source: Source
  readonly supergraphSchema: GraphQLSchema
  readonly documents: (query: string) => FetchedDocument
  readonly log: Logger
}

/** A source as Apollo's execution asks it. Never throws: what fails is an error with a path, and the rest is answered. */
export const fetchSource = ({ service, source, supergraphSchema, documents, log }: FetchSourceOptions): GraphQLDataSource => ({
  async process({ request, context }) {
    const { query = '', operationName = null, variables = {} } = request
    const { asking } = context as GatewayContext
    const fetched = documents(query)
    try {
      const answer = await source.ask({ query, operationName, variables }, asking)
      const data = answeredData(answer, fetched)
      if (data) checkShape(supergraphSchema, fetched, data, variables.representations)
      return apolloAnswer({ data, errors: answer.errors.map((error) => withPath(error, fetched)) })
    } catch (error) {
      const writing = fetched.operation.operation === OperationTypeNode.MUTATION
      const { message, extensions } = failureOf(error, { service, requestId: asking.request.id, writing }, log)
      return apolloAnswer({ data: null, errors: pathsOf(fetched).map((path) => ({ message, path, extensions })) })
    }
  },
})

/** Apollo's execution merges into what it gets; the data is this fetch's own. */
const apolloAnswer = ({ data, errors }: Answer) => ({ data, ...(errors.length > 0 && { errors }) }) as never

/** None where the entities as a whole could not be answered; then the errors say why. */
const answeredData = ({ data, errors }: Answer, { entities }: FetchedDocument): Answer['data'] =>
  entities && errors.length > 0 && data?._entities === undefined ? null : data

/** What a service says without a path is of its whole answer, and so of the first field that it was asked for. */
const withPath = (error: GraphQLFormattedError, fetched: FetchedDocument): GraphQLFormattedError =>
  error.path && error.path.length > 0 ? error : { ...error, path: pathsOf(fetched)[0] ?? [] }
