import type { SubscriptionResolvers } from '../generated/graphql.js'
import type { Greeting } from '../greetings.js'

export const Subscription: SubscriptionResolvers = {
  greetings: {
    subscribe: (_, series, { services, signal }) => services.greetings.greetRepeatedly(series, signal),
    resolve: (greeting: Greeting) => greeting,
  },
}
