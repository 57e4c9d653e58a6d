import type { Identity, Role } from '@ashlar/kit/caller'
import { isLoopback } from '@ashlar/kit/config'
import type { Deps } from '@ashlar/kit/deps'
import type { Endings } from './endings.js'
import { cutToRole } from './scopes.js'
import { hashOf } from './secrets.js'
import { IDENTIFY_KEY, NOTE_USE } from './sql/api-keys.js'

/** What begins an API key, so that people and secret scanners know it for one. */
export const KEY_PREFIX = 'ashlar_'

const KNOWN_MS = 4_000
const KNOWN_MAX = 10_000
const LENGTH_MAX = 100

interface Row {
  readonly id: string
  readonly accountId: string
  readonly scopes: readonly string[]
  readonly role: Role
  readonly generation: number
  readonly useIsDue: boolean
  /** Until it expires; null: never. */
  readonly secondsLeft: number | null
}

interface Known {
  readonly identity: Identity
  readonly generation: number
  readonly until: number
}

/**
 * Whose an API key is. What was read is known for 4 s, so that a busy key costs no statement each time; keys and users that ended are
 * asked after each time all the same.
 */
export class KnownKeys {
  private readonly known = new Map<string, Known>()
  /** Grows when a key gets another secret: what was read before may be of the old one. */
  private changes = 0

  constructor(
    private readonly deps: Pick<Deps, 'db' | 'config' | 'log'>,
    private readonly endings: Endings,
  ) {}

  /** null for what is no key, or not any more. */
  async identify(secret: string): Promise<Identity | null> {
    if (secret.length > LENGTH_MAX) return null
    await this.endings.fresh()
    const hash = hashOf(secret)
    const name = hash.toString('base64')
    const known = this.known.get(name)
    if (known && known.until > performance.now() && !this.hasEnded(known)) return known.identity
    this.known.delete(name)
    return this.read(hash, name)
  }

  /** A key got another secret: the one before is not known any more. */
  forget(keyId: string): void {
    this.changes += 1
    for (const [name, { identity }] of this.known) if (identity.credentialId === keyId) this.known.delete(name)
  }

  private async read(hash: Buffer, name: string): Promise<Identity | null> {
    const { changes } = this
    const [key] = await this.deps.db.query<Row>(IDENTIFY_KEY, [hash, isLoopback(this.deps.config.host)])
    if (!key) return null
    const found: Known = { identity: identityOf(key), generation: key.generation, until: performance.now() + knownMs(key) }
    if (this.hasEnded(found)) return null
    if (changes === this.changes) this.remember(name, found)
    if (key.useIsDue) await this.noteUse(key.id)
    return found.identity
  }

  private remember(name: string, known: Known): void {
    if (this.known.size >= KNOWN_MAX) this.known.delete(this.known.keys().next().value ?? '')
    this.known.set(name, known)
  }

  private hasEnded({ identity, generation }: Known): boolean {
    return this.endings.hasEnded({ ...identity, generation })
  }

  // Reading goes on where nothing can be written.
  private async noteUse(keyId: string): Promise<void> {
    await this.deps.db.query(NOTE_USE, [keyId]).catch((error) => this.deps.log.warn({ err: error }, "a key's use could not be noted"))
  }
}

const knownMs = ({ secondsLeft }: Row): number => Math.min(KNOWN_MS, (secondsLeft ?? Number.POSITIVE_INFINITY) * 1_000)

const identityOf = ({ id, accountId, role, scopes }: Row): Identity => ({
  userId: accountId,
  role,
  credential: 'key',
  credentialId: id,
  scopes: cutToRole(scopes, role),
  authenticatedAt: null,
})
