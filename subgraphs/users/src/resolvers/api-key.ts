import { encodeId } from '@ashlar/kit/ids'
import type { ApiKeyResolvers } from '../generated/graphql.js'

export const ApiKey: ApiKeyResolvers = {
  id: ({ id }) => encodeId('api_key', id),
  scopes: ({ scopes }) => [...scopes],
}
