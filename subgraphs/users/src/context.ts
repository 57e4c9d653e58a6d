import type { Context as KitContext } from '@ashlar/kit/context'
import type { Loaders } from './loaders.js'
import type { Services } from './services.js'

/** What this service's resolvers get. */
export type Context = KitContext<Services, Loaders>
