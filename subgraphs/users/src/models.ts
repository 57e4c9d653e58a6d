import type { asCaller } from '@ashlar/kit/authorisation'
import type { Caller } from '@ashlar/kit/caller'
import type { Connection, Edge } from '@ashlar/kit/paging'
import type { Account } from './account.js'
import type { ApiKey as ApiKeyRow } from './api-keys.js'
import type { Session as SessionRow } from './session.js'

/** For whom the fields are where it is not who asks: somebody who has signed in with this very request. */
interface ForCaller {
  readonly [asCaller]?: Caller
}

export type User = Account & ForCaller
export type UserConnection = Connection<User>
export type UserEdge = Edge<User>

/** The caller, by the user's uuid. */
export interface Viewer extends ForCaller {
  readonly userId: string
}

export type Session = SessionRow & ForCaller
export type SessionConnection = Connection<Session>
export type SessionEdge = Edge<Session>

export type ApiKey = ApiKeyRow
export type ApiKeyConnection = Connection<ApiKey>
export type ApiKeyEdge = Edge<ApiKey>
