import type { Door } from '@ashlar/kit/define-subgraph'
import { readAs } from '@ashlar/kit/doors'
import { z } from 'zod'
import { KEPT_SECONDS } from './ended-credentials.js'
import type { Services } from './services.js'

const PEOPLE_MAX = 10_000
/** Of one page, and of one question. */
const STANDINGS_MAX = 1_000
const HASH = /^[A-Za-z0-9_-]{43}$/

const endingsInput = z.object({ seconds: z.number().nonnegative().max(KEPT_SECONDS) })
const keyInput = z.object({ hash: z.string().regex(HASH) })
const reachableInput = z.object({ callerId: z.uuid(), userIds: z.array(z.uuid()).max(PEOPLE_MAX) })
const suspendedInput = z.object({ after: z.uuid().nullable(), limit: z.number().int().min(1).max(STANDINGS_MAX) })
const accountsInput = z.object({ userIds: z.array(z.uuid()).max(STANDINGS_MAX) })

/** What other processes may ask of this service. A key comes as the hash of its secret, never as itself. */
export const doorsOf = ({ endings, findKey, signingKeys, allowedClients, reach, standings }: Services): Readonly<Record<string, Door>> => ({
  endings: (input) => endings.since(readAs(endingsInput, input).seconds),
  key: (input) => findKey(Buffer.from(readAs(keyInput, input).hash, 'base64url')),
  jwks: () => signingKeys.jwks(),
  origins: async () => [...(await allowedClients.origins())],
  reachable: async (input) => {
    const { callerId, userIds } = readAs(reachableInput, input)
    return [...(await reach.reachable(callerId, userIds))]
  },
  suspended: async (input) => {
    const { after, limit } = readAs(suspendedInput, input)
    return { userIds: await standings.suspended(after, limit) }
  },
  accounts: async (input) => ({ userIds: await standings.inGoodStanding(readAs(accountsInput, input).userIds) }),
})
