import type { DoorClient } from '@ashlar/kit/doors-client'
import type { Bus } from '@ashlar/kit/events/bus'
import { remoteSource } from '@ashlar/kit/events/remote-source'
import type { Logger } from '@ashlar/kit/log'
import { Credentials } from './credentials.js'
import type { Identities } from './identities.js'
import { type FoundKey, KnownKeys } from './known-keys.js'
import { RemoteEndings } from './remote-endings.js'
import { RemoteKeySet } from './remote-key-set.js'
import { TokenVerifier } from './token-verifier.js'

const ORIGINS_KNOWN_MS = 4_000

export interface RemoteIdentitiesOptions {
  /** The users service's. */
  readonly door: DoorClient
  readonly bus: Bus
  /** Of the tokens: the origin of the public address. */
  readonly issuer: string
  readonly log: Logger
}

export interface RemoteIdentities extends Identities {
  /** How long ago it was last read what has ended; infinite before. */
  endingsAgeSeconds(): number
}

/** Who comes to a gateway that is a process of its own: tokens are verified here, keys asked for by their hashes. */
export function remoteIdentities({ door, bus, issuer, log }: RemoteIdentitiesOptions): RemoteIdentities {
  const endings = new RemoteEndings({ door, source: remoteSource(door, bus), onKeyRenewed: (id) => knownKeys.forget(id), log })
  const keySet = new RemoteKeySet(door)
  const knownKeys: KnownKeys = new KnownKeys((hash) => findKey(door, hash), endings)
  const credentials = new Credentials({ log }, new TokenVerifier(keySet, endings, issuer), knownKeys)
  let origins: { readonly list: Promise<ReadonlySet<string>>; readonly until: number } | null = null

  function readOrigins(): Promise<ReadonlySet<string>> {
    const before = origins
    const list = door.call<string[]>('/doors/origins', {}).then(
      (found): ReadonlySet<string> => new Set(found),
      (error: unknown) => {
        // While the service is away the last list holds.
        if (before) return before.list
        origins = null
        throw error
      },
    )
    origins = { list, until: performance.now() + ORIGINS_KNOWN_MS }
    return list
  }

  return {
    authenticate: (authorization) => credentials.authenticate(authorization),
    isCurrent: () => endings.isCurrent(),
    standings: {
      of: (authorization) => credentials.standing(authorization),
      fresh: () => endings.fresh(),
      onEnded: (listener) => endings.onEnded(listener),
    },
    origins: () => (origins && origins.until > performance.now() ? origins.list : readOrigins()),
    jwks: () => keySet.jwks(),
    endingsAgeSeconds: () => endings.ageMs() / 1_000,
    close: () => endings.close(),
  }
}

async function findKey(door: DoorClient, hash: Buffer): Promise<FoundKey | null> {
  const found = await door.call<FoundKey | null>('/doors/key', { hash: hash.toString('base64url') })
  return found && { ...found, identity: { ...found.identity, authenticatedAt: null } }
}
