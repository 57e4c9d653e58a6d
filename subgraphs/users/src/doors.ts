import type { Door } from '@ashlar/kit/define-subgraph'
import { readAs } from '@ashlar/kit/doors'
import { z } from 'zod'
import { KEPT_SECONDS } from './ended-credentials.js'
import type { Services } from './services.js'

const PEOPLE_MAX = 10_000
const HASH = /^[A-Za-z0-9_-]{43}$/

const endingsInput = z.object({ seconds: z.number().nonnegative().max(KEPT_SECONDS) })
const keyInput = z.object({ hash: z.string().regex(HASH) })
const reachableInput = z.object({ callerId: z.uuid(), userIds: z.array(z.uuid()).max(PEOPLE_MAX) })

/** What other processes may ask of this service. A key comes as the hash of its secret, never as itself. */
export const doorsOf = ({ endings, findKey, signingKeys, allowedClients, reach }: Services): Readonly<Record<string, Door>> => ({
  endings: (input) => endings.since(readAs(endingsInput, input).seconds),
  key: (input) => findKey(Buffer.from(readAs(keyInput, input).hash, 'base64url')),
  jwks: () => signingKeys.jwks(),
  origins: async () => [...(await allowedClients.origins())],
  reachable: async (input) => {
    const { callerId, userIds } = readAs(reachableInput, input)
    return [...(await reach.reachable(callerId, userIds))]
  },
})
