import { defineSubgraph } from '@ashlar/kit/define-subgraph'
import { Greetings } from './greetings.js'
import { Query } from './resolvers/query.js'
import { Subscription } from './resolvers/subscription.js'

export interface Services {
  readonly greetings: Greetings
}

/** The smallest service there is: a template for your own. */
export const subgraph = defineSubgraph<Services, null>({
  name: 'helloworld',
  schema: new URL('../schema.graphql', import.meta.url),
  resolvers: { Query, Subscription },
  services: () => ({ greetings: new Greetings() }),
  loaders: () => null,
})
