import { ApolloServer, type ApolloServerPlugin } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled'
import { InMemoryLRUCache } from '@apollo/utils.keyvaluecache'
import { badLiterals } from '@ashlar/kit/check-variables'
import { tooComplex } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import type { GatewayContext } from './context.js'
import { stringifyAnswer } from './execution/written-data.js'
import { signsInOnly } from './http/signs-in-only.js'
import type { Limits } from './limits.js'
import { presentError } from './present-error.js'
import { requestError } from './request-error.js'
import { rootFieldsOf } from './root-fields.js'
import type { SupergraphGateway } from './supergraph-gateway.js'

const PERSISTED_SECONDS = 24 * 60 * 60

export interface ApolloServerOptions {
  readonly gateway: SupergraphGateway
  readonly limits: Limits
  readonly log: Logger
  readonly passErrors: boolean
  readonly signInFields: () => ReadonlySet<string>
}

/** The door for plain requests: parsing, validation and GraphQL over HTTP are Apollo's. */
export const createApolloServer = ({ gateway, limits, log, passErrors, signInFields }: ApolloServerOptions): ApolloServer<GatewayContext> =>
  new ApolloServer<GatewayContext>({
    gateway: gateway as never,
    allowBatchedHttpRequests: false,
    csrfPrevention: true,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // A text is kept only under its own SHA-256, and once it has been found valid: the hash is as good as the text.
    persistedQueries: { cache: new InMemoryLRUCache({ maxSize: limits.persistedChars }), ttl: PERSISTED_SECONDS },
    maxRecursiveSelections: limits.selections,
    parseOptions: { maxTokens: limits.tokens },
    stringifyResult: stringifyAnswer,
    formatError: (formatted, error) => presentError(formatted, error, { log, passErrors }),
    logger: { debug: () => {}, info: () => {}, warn: (message) => log.warn(message), error: (message) => log.error(message) },
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      refuseEndedCredentials(signInFields),
      boundRootFields(limits),
      nameFaults(limits),
    ],
  })

/** Before anything runs, but after it is known what would run. */
const refuseEndedCredentials = (signInFields: () => ReadonlySet<string>): ApolloServerPlugin<GatewayContext> => ({
  requestDidStart: async () => ({
    didResolveOperation: async ({ document, operation, contextValue: { refused } }) => {
      if (!refused || (operation && signsInOnly(document, operation, signInFields()))) return
      throw requestError(refused)
    },
  }),
})

/** Each is a tree of its own: without a bound one request asks for the longest list a hundred times, under other names. */
const boundRootFields = ({ rootFields }: Limits): ApolloServerPlugin<GatewayContext> => ({
  requestDidStart: async () => ({
    didResolveOperation: async ({ document, operation }) => {
      if (!operation) return
      const names = new Set(rootFieldsOf(document, operation).map(({ alias, name }) => (alias ?? name).value))
      if (names.size > rootFields) {
        throw requestError(tooComplex({ message: `The operation has more than ${rootFields} root fields.`, limit: rootFields }))
      }
    },
  }),
})

/**
 * Faults that Apollo's validation has one code for, by the contract's: a value that can't be is the same in the operation's text as in
 * its variables, BAD_USER_INPUT with every issue in it; and too many selections are TOO_COMPLEX.
 */
const nameFaults = (limits: Limits): ApolloServerPlugin<GatewayContext> => ({
  requestDidStart: async () => ({
    willSendResponse: async ({ document, errors, response: { body } }) => {
      if (!document || !errors?.every(({ extensions }) => extensions.code === 'GRAPHQL_VALIDATION_FAILED')) return
      const tooMany = errors.some(({ extensions }) => extensions.validationErrorCode === 'MAX_RECURSIVE_SELECTIONS_EXCEEDED')
      const fault = tooMany ? tooManySelections(limits.selections) : badLiterals(document, errors)
      if (fault && body.kind === 'single') body.singleResult.errors = [fault.toJSON()]
    },
  }),
})

const tooManySelections = (limit: number) => tooComplex({ message: `The operation has more than ${limit} selections.`, limit })
