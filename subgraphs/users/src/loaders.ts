import { batchById, perArguments } from '@ashlar/kit/loaders'
import type { PageArgs } from '@ashlar/kit/paging'
import type { Account } from './account.js'
import type { Services } from './services.js'

/** Batched reads of one request. */
export const createLoaders = ({ people, sessionLists }: Services) => ({
  account: batchById<Account>((ids) => people.byIds(ids)),
  sessions: perArguments((ownerIds, page: PageArgs) => sessionLists.of(ownerIds, page)),
})

export type Loaders = ReturnType<typeof createLoaders>
