import type { ApolloServerPlugin } from '@apollo/server'
import type { GatewayContext } from '../context.js'
import type { Tally } from './tally.js'

/** Has Apollo's life cycle tell what became of an operation. After all plug-ins that change its errors. */
export const observeOperations = (tally: Tally): ApolloServerPlugin<GatewayContext> => ({
  requestDidStart: async ({ contextValue: { observed } }) =>
    observed && {
      willSendResponse: async ({ metrics, response: { body } }) => {
        if (metrics.persistedQueryHit) tally.persistedKnown += 1
        if (metrics.persistedQueryRegister) tally.persistedStored += 1
        if (body.kind !== 'single' || !body.singleResult.errors) return
        observed.failed(body.singleResult.errors)
        if (observed.summary.codes.includes('PERSISTED_QUERY_NOT_FOUND')) tally.persistedUnknown += 1
      },
    },
})
