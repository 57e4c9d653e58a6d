import type { Sql } from '@ashlar/database/sql'
import { writeAudit } from '@ashlar/kit/audit'
import type { Caller, Identity } from '@ashlar/kit/caller'
import { Checks } from '@ashlar/kit/checks'
import type { Deps } from '@ashlar/kit/deps'
import { badUserInput, notFound } from '@ashlar/kit/errors'
import { once } from '@ashlar/kit/idempotency'
import { encodeId, newId } from '@ashlar/kit/ids'
import { type Connection, type PageArgs, pageOf } from '@ashlar/kit/paging'
import { checkText } from '@ashlar/kit/text'
import type { Ended, Endings } from './endings.js'
import type { FreshSignIns } from './fresh-sign-ins.js'
import { fullSession } from './guards.js'
import { KEY_PREFIX, type KnownKeys } from './known-keys.js'
import type { OwnAccounts } from './own-account.js'
import { checkKeyScopes, FRESH_SCOPES } from './scopes.js'
import { hashOf, newSecret } from './secrets.js'
import { ADD_KEY, COUNT_KEYS, IS_PAST, keysList, RENEW_SECRET } from './sql/api-keys.js'
import { END_OWN_KEY } from './sql/endings.js'

const NAME_MAX = 300
const KEYS_MAX = 500
/** `ashlar_` and enough of what follows to tell keys apart, and far too little to guess one. */
const SHOWN = KEY_PREFIX.length + 6

export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly scopes: readonly string[]
  readonly createdAt: Date
  readonly lastUsedAt: Date | null
  readonly expiresAt: Date | null
}

export interface KeyInput {
  readonly name: string
  readonly scopes: readonly string[]
  readonly expiresAt?: Date | null | undefined
  readonly idempotencyKey?: string | null | undefined
}

/** A key with its secret, which is shown once. */
export interface NewKey {
  readonly apiKey: ApiKey
  readonly secret: string
}

/** Credentials for programs, made and revoked by their owners. */
export class ApiKeys {
  constructor(
    private readonly deps: Pick<Deps, 'db'>,
    private readonly ownAccounts: OwnAccounts,
    private readonly freshSignIns: FreshSignIns,
    private readonly knownKeys: KnownKeys,
    private readonly endings: Endings,
  ) {}

  /**
   * A repeat with the same idempotency key gives the same key with a new secret, and the first one dies.
   * @throws BAD_USER_INPUT; FORBIDDEN for apps and keys, and for more than the caller may do; CONFLICT; NOT_FOUND where a repeated one
   * was revoked; UNAUTHENTICATED
   */
  async create(caller: Caller, { idempotencyKey, ...input }: KeyInput): Promise<NewKey> {
    const identity = fullSession(caller)
    const checks = new Checks()
    const { name, scopes } = checks.pass({
      name: checks.run(() => checkText(input.name, { path: ['input', 'name'], max: NAME_MAX, min: 1 }).trim()),
      scopes: checks.run(() => checkKeyScopes(input.scopes, identity)),
    })
    if (scopes.some((scope) => FRESH_SCOPES.includes(scope))) await this.freshSignIns.require(caller)
    const secret = `${KEY_PREFIX}${newSecret()}`
    const { apiKey, repeated } = await this.deps.db.sqlTransaction(async (sql) => {
      await this.ownAccounts.lock(sql, caller)
      const attempt = { actor: identity.userId, field: 'createApiKey', key: idempotencyKey, input }
      let made: ApiKey | undefined
      const { result, repeated } = await once(sql, attempt, async () => {
        made = await this.add(sql, caller, identity, { name, scopes, expiresAt: input.expiresAt ?? null }, secret)
        return { id: made.id }
      })
      return { apiKey: made ?? (await this.renewSecret(sql, caller, identity, result.id, secret)), repeated }
    })
    if (repeated) {
      this.knownKeys.forget(apiKey.id)
      this.endings.tell()
    }
    return { apiKey, secret }
  }

  /** @throws NOT_FOUND for a key that is not the caller's; FORBIDDEN for apps and keys */
  async revoke(caller: Caller, keyId: string): Promise<void> {
    const { userId } = fullSession(caller)
    const ended = await this.deps.db.sqlTransaction(async (sql) => {
      const revoked = await sql.query<Ended>(END_OWN_KEY, [userId, keyId])
      if (revoked.length === 0) throw notFound()
      await writeAudit(sql, caller, { action: 'api-key.revoke', target: encodeId('api_key', keyId) })
      return revoked
    })
    this.endings.add(ended)
  }

  /** Somebody's keys, newest first. */
  list(ownerId: string, page: PageArgs): Promise<Connection<ApiKey>> {
    return pageOf<ApiKey>(this.deps.db, keysList(ownerId), page)
  }

  private async add(
    sql: Sql,
    caller: Caller,
    { userId }: Identity,
    { name, scopes, expiresAt }: Pick<ApiKey, 'name' | 'scopes' | 'expiresAt'>,
    secret: string,
  ): Promise<ApiKey> {
    const [expiry] = expiresAt ? await sql.query<{ past: boolean }>(IS_PAST, [expiresAt]) : []
    if (expiry?.past) throw badUserInput(['input', 'expiresAt'], 'is past')
    const [keys] = await sql.query<{ count: number }>(COUNT_KEYS, [userId])
    if (keys && keys.count >= KEYS_MAX) throw badUserInput(['input'], `are at most ${KEYS_MAX}: revoke one first`)
    const values = [newId(), userId, name, secret.slice(0, SHOWN), hashOf(secret), scopes, expiresAt]
    const [added] = await sql.query<ApiKey>(ADD_KEY, values)
    if (!added) throw new Error('a key was not written')
    await writeAudit(sql, caller, { action: 'api-key.create', target: encodeId('api_key', added.id), details: { scopes } })
    return added
  }

  private async renewSecret(sql: Sql, caller: Caller, { userId }: Identity, keyId: string, secret: string): Promise<ApiKey> {
    const [renewed] = await sql.query<ApiKey>(RENEW_SECRET, [keyId, userId, secret.slice(0, SHOWN), hashOf(secret)])
    if (!renewed) throw notFound()
    await writeAudit(sql, caller, { action: 'api-key.renew', target: encodeId('api_key', keyId) })
    return renewed
  }
}
