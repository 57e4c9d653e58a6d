import { readEventChoice } from '../filters.js'
import type { SubscriptionResolvers } from '../generated/graphql.js'
import type { PostEvent } from '../models.js'

export const Subscription: SubscriptionResolvers = {
  postEvents: {
    subscribe: (_, { filter, after }, { services, callerNow, signal }) =>
      services.events.stream(callerNow, readEventChoice(filter), { after, signal }),
    resolve: (event: PostEvent) => event,
  },
}
