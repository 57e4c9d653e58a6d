import type { Asking } from '@ashlar/kit/caller'
import type { AshlarError } from '@ashlar/kit/errors'

/** What goes through Apollo's life cycle with each request. */
export interface GatewayContext {
  readonly asking: Asking
  /** Why the credential was refused; it fails every operation but one of signing in. */
  readonly refused: AshlarError | null
}
