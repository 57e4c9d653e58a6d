import type { Identity } from '@ashlar/kit/caller'
import type { Standing } from '@ashlar/kit/standing'
import type { Bearer } from './ended-credentials.js'
import { hashOf } from './secrets.js'
import type { KnownEndings } from './token-verifier.js'

/** What begins an API key, so that people and secret scanners know it for one. */
export const KEY_PREFIX = 'ashlar_'

const KNOWN_MS = 4_000
const KNOWN_MAX = 10_000
const LENGTH_MAX = 100

/** What is known of a key by the hash of its secret. */
export interface FoundKey extends Bearer {
  /** Until it expires; null: never. */
  readonly secondsLeft: number | null
}

/** Where keys are looked up: the database, or the service's door. */
export type FindKey = (hash: Buffer) => Promise<FoundKey | null>

interface Known extends FoundKey {
  readonly until: number
}

/**
 * Whose an API key is. What was read is known for 4 s, so that a busy key costs no statement each time; keys and users that ended or
 * have another role are asked after each time all the same.
 */
export class KnownKeys {
  private readonly known = new Map<string, Known>()
  /** Grows when a key gets another secret: what was read before may be of the old one. */
  private changes = 0

  constructor(
    private readonly find: FindKey,
    private readonly endings: KnownEndings,
  ) {}

  /** null for what is no key, or not any more. */
  async identify(secret: string): Promise<Identity | null> {
    const key = await this.keyOf(secret)
    return key && this.endings.remaining(key)
  }

  /** How it stands, for who goes on by it. That it got another secret, or its owner another role, is found out by verifying anew. */
  async standing(secret: string): Promise<Standing> {
    let key = await this.keyOf(secret)
    let readAt = performance.now()
    return {
      remaining: () => key && this.endings.remaining(key),
      expiresInMs: () => (key?.secondsLeft == null ? null : key.secondsLeft * 1_000 - (performance.now() - readAt)),
      verify: async () => {
        key = await this.keyOf(secret)
        readAt = performance.now()
      },
    }
  }

  private async keyOf(secret: string): Promise<FoundKey | null> {
    if (secret.length > LENGTH_MAX) return null
    await this.endings.fresh()
    const hash = hashOf(secret)
    const name = hash.toString('base64')
    const known = this.known.get(name)
    // Of an owner with another role it is read anew, since the key may do more by now as well as less.
    if (known && known.until > performance.now() && this.endings.remaining(known) === known.identity) return known
    this.known.delete(name)
    return this.read(hash, name)
  }

  /** A key got another secret: the one before is not known any more. */
  forget(keyId: string): void {
    this.changes += 1
    for (const [name, { identity }] of this.known) if (identity.credentialId === keyId) this.known.delete(name)
  }

  private async read(hash: Buffer, name: string): Promise<FoundKey | null> {
    const { changes } = this
    const key = await this.find(hash)
    if (!key) return null
    const found: Known = { ...key, until: performance.now() + knownMs(key) }
    const identity = this.endings.remaining(found)
    if (identity === found.identity && changes === this.changes) this.remember(name, found)
    return identity && found
  }

  private remember(name: string, known: Known): void {
    if (this.known.size >= KNOWN_MAX) this.known.delete(this.known.keys().next().value ?? '')
    this.known.set(name, known)
  }
}

const knownMs = ({ secondsLeft }: FoundKey): number => Math.min(KNOWN_MS, (secondsLeft ?? Number.POSITIVE_INFINITY) * 1_000)
