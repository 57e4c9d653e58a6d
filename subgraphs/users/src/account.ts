import type { Role } from '@ashlar/kit/caller'

/** An account as its row has it. */
export interface Account {
  readonly id: string
  readonly username: string
  readonly displayName: string
  readonly bio: string | null
  readonly avatarUrl: string | null
  readonly role: Role
  readonly email: string | null
  readonly emailVerifiedAt: Date | null
  readonly passwordHash: string | null
  readonly suspendedAt: Date | null
  readonly suspendedReason: string | null
  /** Grows when the role changes or the account is suspended: what bears an earlier one is cut or refused. */
  readonly generation: number
  readonly demo: boolean
  readonly createdAt: Date
  readonly totpEnabled: boolean
}
