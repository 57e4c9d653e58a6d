import type { Identity, Role } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { demoMaySignIn } from './demo.js'
import type { FindKey } from './known-keys.js'
import { cutToRole } from './scopes.js'
import { IDENTIFY_KEY, NOTE_USE } from './sql/api-keys.js'

interface Row {
  readonly id: string
  readonly accountId: string
  readonly scopes: readonly string[]
  readonly role: Role
  readonly generation: number
  readonly useIsDue: boolean
  readonly secondsLeft: number | null
}

/** Keys by the hashes of their secrets, as the database has them. */
export function storedKeys({ db, config, log }: Pick<Deps, 'db' | 'config' | 'log'>): FindKey {
  // Reading goes on where nothing can be written.
  const noteUse = (keyId: string) =>
    db.query(NOTE_USE, [keyId]).catch((error: unknown) => log.warn({ err: error }, "a key's use could not be noted"))
  return async (hash) => {
    const [key] = await db.query<Row>(IDENTIFY_KEY, [hash, demoMaySignIn(config)])
    if (!key) return null
    if (key.useIsDue) await noteUse(key.id)
    return { identity: identityOf(key), generation: key.generation, secondsLeft: key.secondsLeft }
  }
}

const identityOf = ({ id, accountId, role, scopes }: Row): Identity => ({
  userId: accountId,
  role,
  credential: 'key',
  credentialId: id,
  scopes: cutToRole(scopes, role),
  authenticatedAt: null,
})
