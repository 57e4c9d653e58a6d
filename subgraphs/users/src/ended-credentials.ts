import type { Identity, Role } from '@ashlar/kit/caller'
import { cutToRole } from './scopes.js'

/** Longer than an access token lives. */
export const KEPT_SECONDS = 20 * 60
/** For how long what was read last is good enough for whoever writes (security, Tokens). */
const CURRENT_MS = 30_000

/** What is left of a user's credentials that were made under another role. */
export interface RoleCut {
  readonly role: Role
  /** Of those of earlier generations. */
  readonly belowGeneration: number
}

/** A session, a key, or a user whose credentials of earlier generations are refused or cut to another role. */
export interface Ended {
  readonly id: string
  /** Refused; null: all. */
  readonly belowGeneration: number | null
  readonly cut: RoleCut | null
}

/** The same, with the time of the database. */
export interface EndedAt extends Ended {
  readonly endedAt: Date
}

/** Who bears a credential, as of when it was made or last read. */
export interface Bearer {
  readonly identity: Identity
  /** The account's generation then. */
  readonly generation: number
}

/** The sessions, keys and users whose credentials are refused or cut before they expire, as far as one process knows. */
export class EndedCredentials {
  private readonly ended = new Map<string, Omit<Ended, 'id'> & { readonly at: number }>()
  private readonly listeners = new Set<() => void>()
  private offset = 0
  private readAt = Number.NEGATIVE_INFINITY

  /** The database's time, in milliseconds, as of the last reading and the monotonic clock since. */
  now(): number {
    return performance.now() + this.offset
  }

  /**
   * What the bearer of a credential may do now: what it says, the very object, unless the role has changed since; then no more than both
   * it and the role allow. null where it has ended.
   */
  remaining({ identity, generation }: Bearer): Identity | null {
    if (this.ended.has(identity.credentialId)) return null
    const user = this.ended.get(identity.userId)
    if (!user) return identity
    if (generation < orAll(user.belowGeneration)) return null
    if (!user.cut || generation >= user.cut.belowGeneration) return identity
    const { role } = user.cut
    return { ...identity, role, scopes: cutToRole(identity.scopes, role) }
  }

  /** Is told of each one that ends or is cut. @returns what ends that */
  onNoted(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** Whether anybody wants to be told. */
  get watched(): boolean {
    return this.listeners.size > 0
  }

  /** Whether anything was ever read. */
  get known(): boolean {
    return this.readAt !== Number.NEGATIVE_INFINITY
  }

  /** How long ago what there was is known to be all. */
  ageMs(): number {
    return performance.now() - this.readAt
  }

  /** Whether that is recent enough for a credential to write. */
  isCurrent(): boolean {
    return this.ageMs() < CURRENT_MS
  }

  /** That all there was to read has been read; `now` is the database's time where it came along. */
  haveRead(now?: Date): void {
    this.readAt = performance.now()
    if (now) this.offset = now.getTime() - this.readAt
    const forgotten = this.now() - KEPT_SECONDS * 1_000
    for (const [id, { at }] of this.ended) if (at < forgotten) this.ended.delete(id)
  }

  /**
   * Adds to what is known, in whatever order and however often it is told: a reading that began before an ending of this process's own
   * must not take it back, and of two roles the later stays. What is told was true at `at` or before.
   */
  note({ id, belowGeneration, cut }: Ended, at = this.now()): void {
    const known = this.ended.get(id)
    this.ended.set(id, {
      belowGeneration: known && orAll(known.belowGeneration) > orAll(belowGeneration) ? known.belowGeneration : belowGeneration,
      cut: known?.cut && known.cut.belowGeneration > (cut?.belowGeneration ?? 0) ? known.cut : cut,
      at: Math.max(at, known?.at ?? at),
    })
    for (const listener of this.listeners) listener()
  }
}

const orAll = (generation: number | null): number => generation ?? Number.POSITIVE_INFINITY
