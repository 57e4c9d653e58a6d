import type { ServiceDatabase } from '@ashlar/database/service-database'
import { type CryptoKey, exportJWK, exportPKCS8, generateKeyPair, importJWK, importPKCS8, type JWK } from 'jose'
import { seal, unseal } from './sealing.js'
import { newSecret } from './secrets.js'
import { ALGORITHM } from './token-verifier.js'

const CURVE = 'Ed25519'
const PURPOSE = 'signing key'
const READ_EVERY_MS = 5 * 60_000
const UNKNOWN_KID_EVERY_MS = 30_000

/** Every 30 days a new generation, published an hour before it signs; the very first signs at once. Two at once make one. */
const ADD_GENERATION = `
  insert into signing_key (generation, kid, public_jwk, private_sealed, signs_from)
  select coalesce(max(generation), 0) + 1, $1, $2::jsonb, $3, case when count(*) = 0 then clock() else clock() + interval '1 hour' end
  from signing_key having count(*) = 0 or max(signs_from) < clock() - interval '30 days'
  on conflict (generation) do nothing`

/** Those that sign, will sign, or signed a token that may still live: up to an hour after the next one took over. */
const PUBLISHED = `
  select kid, public_jwk as "publicJwk", private_sealed as "privateSealed", signs_from <= clock() as signs,
         max(signs_from) over () < clock() - interval '30 days' as "rotationDue"
  from (select *, lead(signs_from) over (order by generation) as "replacedAt" from signing_key) key
  where "replacedAt" is null or "replacedAt" > clock() - interval '1 hour 15 minutes'
  order by generation`

interface Row {
  readonly kid: string
  readonly publicJwk: JWK
  readonly privateSealed: Uint8Array
  readonly signs: boolean
  readonly rotationDue: boolean
}

interface Keys {
  readonly readAt: number
  readonly signing: { readonly kid: string; readonly key: CryptoKey }
  readonly verifying: ReadonlyMap<string, CryptoKey | Uint8Array>
  readonly published: readonly JWK[]
}

/** The keys that sign access tokens: made on the first use, kept sealed, replaced every 30 days. */
export class SigningKeys {
  private keys: Promise<Keys> | null = null
  private readAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly db: ServiceDatabase,
    private readonly secretKey: Buffer,
  ) {}

  async signing(): Promise<Keys['signing']> {
    return (await this.current()).signing
  }

  /** The key of a token's `kid`; one of ours or none. An unknown one looks for news at most every 30 s. */
  async verifying(kid: string): Promise<CryptoKey | Uint8Array | null> {
    const known = (await this.current()).verifying.get(kid)
    if (known) return known
    return (await this.current(UNKNOWN_KID_EVERY_MS)).verifying.get(kid) ?? null
  }

  /** What `/.well-known/jwks.json` answers. */
  async jwks(): Promise<{ keys: readonly JWK[] }> {
    return { keys: (await this.current()).published }
  }

  private current(maxAgeMs = READ_EVERY_MS): Promise<Keys> {
    if (this.keys && performance.now() - this.readAt < maxAgeMs) return this.keys
    this.readAt = performance.now()
    const before = this.keys
    const read = this.read().catch((error) => {
      // Those of before still sign and verify while the database is away.
      if (before) return before
      this.keys = null
      throw error
    })
    this.keys = read
    return read
  }

  private async read(): Promise<Keys> {
    let rows = await this.db.query<Row>(PUBLISHED)
    if (rows.length === 0 || rows[0]?.rotationDue) {
      await this.addGeneration()
      rows = await this.db.query<Row>(PUBLISHED)
    }
    const signer = rows.findLast(({ signs }) => signs)
    if (!signer) throw new Error('there is no key to sign with')
    const pkcs8 = this.unsealed(signer.privateSealed)
    const verifying = await Promise.all(rows.map(async ({ kid, publicJwk }) => [kid, await importJWK(publicJwk, ALGORITHM)] as const))
    return {
      readAt: performance.now(),
      signing: { kid: signer.kid, key: await importPKCS8(pkcs8, ALGORITHM) },
      verifying: new Map(verifying),
      published: rows.map(({ kid, publicJwk }) => ({ ...publicJwk, kid, alg: ALGORITHM, use: 'sig' })),
    }
  }

  private unsealed(sealed: Uint8Array): string {
    try {
      return unseal(this.secretKey, PURPOSE, sealed).toString('utf8')
    } catch (error) {
      throw new Error('SECRET_KEY is not the one under which the signing keys of this database were sealed', { cause: error })
    }
  }

  private async addGeneration(): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { crv: CURVE, extractable: true })
    const sealed = seal(this.secretKey, PURPOSE, Buffer.from(await exportPKCS8(privateKey)))
    await this.db.query(ADD_GENERATION, [newSecret(12), JSON.stringify(await exportJWK(publicKey)), sealed])
  }
}
