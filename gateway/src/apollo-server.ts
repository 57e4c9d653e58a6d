import { ApolloServer, type ApolloServerPlugin } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled'
import type { Logger } from '@ashlar/kit/log'
import { GraphQLError } from 'graphql'
import type { GatewayContext } from './context.js'
import { signsInOnly } from './http/signs-in-only.js'
import type { Limits } from './limits.js'
import { checkNesting } from './nesting.js'
import { presentError } from './present-error.js'
import type { SupergraphGateway } from './supergraph-gateway.js'

export interface ApolloServerOptions {
  readonly gateway: SupergraphGateway
  readonly limits: Limits
  readonly log: Logger
  readonly signInFields: () => ReadonlySet<string>
}

/** The door for plain requests: parsing, validation and GraphQL over HTTP are Apollo's. */
export const createApolloServer = ({ gateway, limits, log, signInFields }: ApolloServerOptions): ApolloServer<GatewayContext> =>
  new ApolloServer<GatewayContext>({
    gateway: gateway as never,
    allowBatchedHttpRequests: false,
    csrfPrevention: true,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    persistedQueries: false,
    maxRecursiveSelections: limits.selections,
    parseOptions: { maxTokens: limits.tokens },
    formatError: (formatted, error) => presentError(formatted, error, log),
    logger: { debug: () => {}, info: () => {}, warn: (message) => log.warn(message), error: (message) => log.error(message) },
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      boundNesting(limits),
      refuseEndedCredentials(signInFields),
    ],
  })

const boundNesting = (limits: Limits): ApolloServerPlugin<GatewayContext> => ({
  requestDidStart: async () => ({
    didResolveSource: async ({ source }) => checkNesting(source, limits),
  }),
})

/** Before anything runs, but after it is known what would run. */
const refuseEndedCredentials = (signInFields: () => ReadonlySet<string>): ApolloServerPlugin<GatewayContext> => ({
  requestDidStart: async () => ({
    didResolveOperation: async ({ document, operation, contextValue: { refused } }) => {
      if (!refused || signsInOnly(document, operation, signInFields())) return
      throw new GraphQLError(refused.message, { extensions: { ...refused.extensions, http: { status: STATUS[refused.code] ?? 403 } } })
    },
  }),
})

const STATUS: Partial<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  RATE_LIMITED: 429,
  SUBGRAPH_UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
}
