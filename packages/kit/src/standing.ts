import type { Identity } from './caller.js'

/** A credential that outlives the request that brought it, as it stands at any time. */
export interface Standing {
  /** What its bearer may do now: the same object while nothing has changed; null once it has ended. Asks nobody. */
  remaining(): Identity | null
  /** For how much longer it is good by itself, below 0 once it has expired; null for one that does not. */
  expiresInMs(): number | null
  /** Has it verified anew, where not all that can happen to it is told. What can't be told now leaves it as it stood. */
  verify?(): Promise<void>
}

/** How credentials stand, for streams that go on by them. */
export interface Standings {
  /** @throws UNAUTHENTICATED for what is none or has expired; SUBGRAPH_UNAVAILABLE where that can't be told now. One that has ended has nothing remaining */
  of(authorization: string): Promise<Standing>
  /** Sees to it that what has ended is known as it was a few seconds ago at most, as far as it can be known. */
  fresh(): Promise<void>
  /** Is told that some may have ended. @returns what ends that */
  onEnded(listener: () => void): () => void
}
