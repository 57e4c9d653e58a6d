import type { DoorClient } from '@ashlar/kit/doors-client'
import { type CryptoKey, importJWK, type JWK } from 'jose'
import { ALGORITHM, type VerifyingKeys } from './token-verifier.js'

const READ_EVERY_MS = 5 * 60_000
const UNKNOWN_KID_EVERY_MS = 30_000

interface KeySet {
  readonly published: { readonly keys: readonly JWK[] }
  readonly verifying: ReadonlyMap<string, CryptoKey | Uint8Array>
}

/** The public keys of the users service, which an hour before they sign are there to be read. */
export class RemoteKeySet implements VerifyingKeys {
  private keys: Promise<KeySet> | null = null
  private readAt = Number.NEGATIVE_INFINITY

  constructor(private readonly door: DoorClient) {}

  /** An unknown `kid` looks for news at most every 30 s. @throws SUBGRAPH_UNAVAILABLE where they could never be read */
  async verifying(kid: string): Promise<CryptoKey | Uint8Array | null> {
    const known = (await this.current()).verifying.get(kid)
    return known ?? (await this.current(UNKNOWN_KID_EVERY_MS)).verifying.get(kid) ?? null
  }

  async jwks(): Promise<object> {
    return (await this.current()).published
  }

  private current(maxAgeMs = READ_EVERY_MS): Promise<KeySet> {
    if (this.keys && performance.now() - this.readAt < maxAgeMs) return this.keys
    this.readAt = performance.now()
    const before = this.keys
    const read = this.read().catch((error: unknown) => {
      if (before) return before
      this.keys = null
      throw error
    })
    this.keys = read
    return read
  }

  private async read(): Promise<KeySet> {
    const published = await this.door.call<KeySet['published']>('/doors/jwks', {})
    const keys = await Promise.all(published.keys.map(async (jwk) => [jwk.kid ?? '', await importJWK(jwk, ALGORITHM)] as const))
    return { published, verifying: new Map(keys) }
  }
}
