/** Longer than an access token lives. */
export const KEPT_SECONDS = 20 * 60
/** For how long what was read last is good enough for whoever writes (security, Tokens). */
const CURRENT_MS = 30_000

/** A session, a key, or a user whose tokens of earlier generations are refused. */
export interface Ended {
  readonly id: string
  /** Null: all. */
  readonly belowGeneration: number | null
}

/** The same, with the time of the database. */
export interface EndedAt extends Ended {
  readonly endedAt: Date
}

/** What a credential is asked about: its own id, whose it is, and the account's generation when it was made. */
export interface Bearing {
  readonly credentialId: string
  readonly userId: string
  readonly generation: number
}

/** The sessions, keys and users whose credentials are refused before they expire, as far as one process knows. */
export class EndedCredentials {
  private readonly ended = new Map<string, { readonly belowGeneration: number | null; readonly at: number }>()
  private offset = 0
  private readAt = Number.NEGATIVE_INFINITY

  /** The database's time, in milliseconds, as of the last reading and the monotonic clock since. */
  now(): number {
    return performance.now() + this.offset
  }

  hasEnded({ credentialId, userId, generation }: Bearing): boolean {
    const user = this.ended.get(userId)
    return this.ended.has(credentialId) || (user !== undefined && generation < orAll(user.belowGeneration))
  }

  /** Whether anything was ever read. */
  get known(): boolean {
    return this.readAt !== Number.NEGATIVE_INFINITY
  }

  /** How long ago what there is was known to be all. */
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

  // A reading that began before an ending of this process's own must not take it back.
  note({ id, belowGeneration }: Ended, at = this.now()): void {
    const known = this.ended.get(id)
    if (known && orAll(known.belowGeneration) > orAll(belowGeneration)) return
    this.ended.set(id, { belowGeneration, at })
  }
}

const orAll = (generation: number | null): number => generation ?? Number.POSITIVE_INFINITY
