import type { Identity } from '@ashlar/kit/caller'

/** What stands in `Authorization`. */
export class Credentials {
  /** Whose token or key it is; null without a header. @throws UNAUTHENTICATED for anything that is not valid, or no longer */
  async authenticate(_authorization: string | undefined): Promise<Identity | null> {
    throw new Error('not written yet')
  }
}
