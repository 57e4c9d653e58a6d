import { useSyncExternalStore } from 'react'
import { Session, type SessionState } from './session.js'

/** One for the page: what is kept of it is the browser's, not a component's. */
export const session = new Session()

export const useSession = (): SessionState => useSyncExternalStore(session.subscribe, session.state)
