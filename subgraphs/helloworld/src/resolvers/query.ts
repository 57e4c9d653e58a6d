import type { QueryResolvers } from '../generated/graphql.js'

export const Query: QueryResolvers = {
  hello: (_, { name }, { services }) => services.greetings.greet(name),
}
