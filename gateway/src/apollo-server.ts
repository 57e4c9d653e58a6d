import { ApolloServer, type ApolloServerPlugin } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled'
import type { KeyValueCache } from '@apollo/utils.keyvaluecache'
import type { Logger } from '@ashlar/kit/log'
import type { GraphQLFormattedError } from 'graphql'
import type { GatewayContext } from './context.js'
import { stringifyAnswer } from './execution/written-data.js'
import { signsInOnly } from './http/signs-in-only.js'
import { letAnswersGo } from './let-answers-go.js'
import { presentError } from './present-error.js'
import { requestError } from './request-error.js'
import { checkDocuments } from './rules/documents-plugin.js'
import type { SupergraphGateway } from './supergraph-gateway.js'
import { observeOperations } from './telemetry/observe-operations.js'
import type { Telemetry } from './telemetry/telemetry.js'

export const PERSISTED_SECONDS = 24 * 60 * 60

export interface ApolloServerOptions {
  readonly gateway: SupergraphGateway
  readonly log: Logger
  readonly telemetry: Telemetry
  /** The texts that are known by their hash. */
  readonly persisted: KeyValueCache
  readonly passErrors: boolean
  readonly signInFields: () => ReadonlySet<string>
}

/** The door for plain requests: parsing, validation and GraphQL over HTTP are Apollo's. */
export const createApolloServer = ({
  gateway,
  log,
  telemetry,
  persisted,
  passErrors,
  signInFields,
}: ApolloServerOptions): ApolloServer<GatewayContext> => {
  const present = (formatted: GraphQLFormattedError, error: unknown) => presentError(formatted, error, { log, passErrors })
  return new ApolloServer<GatewayContext>({
    gateway: gateway as never,
    allowBatchedHttpRequests: false,
    csrfPrevention: true,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // A text is kept only under its own SHA-256, and once it has been found valid: the hash is as good as the text.
    persistedQueries: { cache: persisted, ttl: PERSISTED_SECONDS },
    // Documents are read by a plug-in, which keeps them itself.
    documentStore: null,
    stringifyResult: stringifyAnswer,
    formatError: present,
    logger: { debug: () => {}, info: () => {}, warn: (message) => log.warn(message), error: (message) => log.error(message) },
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      checkDocuments({ checkOf: (schema) => gateway.rulesOf(schema).check, present }),
      refuseEndedCredentials(signInFields),
      observeOperations(telemetry.tally),
      letAnswersGo(),
    ],
  })
}

/** Before anything runs, but after it is known what would run. */
const refuseEndedCredentials = (signInFields: () => ReadonlySet<string>): ApolloServerPlugin<GatewayContext> => ({
  requestDidStart: async () => ({
    didResolveOperation: async ({ document, operation, contextValue: { refused } }) => {
      if (!refused || (operation && signsInOnly(document, operation, signInFields()))) return
      throw requestError(refused)
    },
  }),
})
