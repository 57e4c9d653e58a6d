import type { Identity } from '@ashlar/kit/caller'
import type { Standings } from '@ashlar/kit/standing'
import type { Services } from './services.js'

/** What a gateway asks about who comes: in this service's own process a few calls, else its doors. */
export interface Identities {
  /** Whose an `Authorization` is; null without one. @throws UNAUTHENTICATED; SUBGRAPH_UNAVAILABLE where that can't be told now */
  authenticate(authorization: string | undefined): Promise<Identity | null>
  /** Whether what has ended is known well enough for a credential to write. */
  isCurrent(): boolean
  /** How credentials stand that streams go on by. */
  readonly standings: Standings
  /** Origins that CORS and cookies answer. */
  origins(): Promise<ReadonlySet<string>>
  /** What `/.well-known/jwks.json` answers. */
  jwks(): Promise<object>
  close(): Promise<void>
}

/** Those of the service that runs in this process, once it does. */
export const localIdentities = (services: () => Services): Identities => ({
  authenticate: (authorization) => services().credentials.authenticate(authorization),
  isCurrent: () => services().endings.isCurrent(),
  standings: {
    of: (authorization) => services().credentials.standing(authorization),
    fresh: () => services().endings.fresh(),
    onEnded: (listener) => services().endings.onEnded(listener),
  },
  origins: () => services().allowedClients.origins(),
  jwks: () => services().signingKeys.jwks(),
  close: async () => {},
})
