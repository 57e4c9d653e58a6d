import type { Limits } from '../limits.js'

export type Full = 'ALL' | 'ADDRESS' | 'USER'

/** Room for one connection. */
export interface Place {
  /** Counts it as this person's from now on. @returns whether there was room for it as such */
  claim(userId: string): boolean
  release(): void
}

/** How many connections there are: in all, by address and by person. */
export class Places {
  private taken = 0
  private readonly byAddress = new Map<string, number>()
  private readonly byUser = new Map<string, number>()

  constructor(private readonly limits: Pick<Limits, 'connections' | 'connectionsPerUser' | 'connectionsPerAddress'>) {}

  get count(): number {
    return this.taken
  }

  take(address: string): Place | Full {
    const { connections, connectionsPerAddress, connectionsPerUser } = this.limits
    const { byAddress, byUser } = this
    const key = networkOf(address)
    if (this.taken >= connections) return 'ALL'
    if ((byAddress.get(key) ?? 0) >= connectionsPerAddress) return 'ADDRESS'
    this.taken += 1
    count(byAddress, key, 1)
    let user: string | null = null
    let held = true
    return {
      claim: (userId) => {
        if (user === userId) return true
        if (!held || user !== null || (byUser.get(userId) ?? 0) >= connectionsPerUser) return false
        user = userId
        count(byUser, userId, 1)
        return true
      },
      release: () => {
        if (!held) return
        held = false
        this.taken -= 1
        count(byAddress, key, -1)
        if (user !== null) count(byUser, user, -1)
      },
    }
  }
}

/** Whoever has an IPv6 address has 2^64 of them. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address
  const [front = '', back] = address.split('::')
  const groups = front.split(':').filter(Boolean)
  const missing = back === undefined ? 0 : 8 - groups.length - back.split(':').filter(Boolean).length
  return [...groups, ...Array<string>(missing).fill('0'), ...(back ?? '').split(':')].slice(0, 4).join(':')
}

function count(counts: Map<string, number>, key: string, by: number): void {
  const next = (counts.get(key) ?? 0) + by
  if (next > 0) counts.set(key, next)
  else counts.delete(key)
}
