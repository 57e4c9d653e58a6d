import type { Context as KitContext } from '@ashlar/kit/context'
import type { Services } from './index.js'
import type { Loaders } from './loaders.js'

/** What this service's resolvers get. */
export type Context = KitContext<Services, Loaders>
