import { isIPv6 } from 'node:net'
import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Sql } from '@ashlar/database/sql'
import { rateLimited } from '@ashlar/kit/errors'
import { COUNT_IN_WINDOW, COUNT_WITH_DELAY, FORGET, SECONDS_LEFT, WINDOW_LEFT } from './sql/throttle.js'

const FREE_GUESSES = 5
const MAX_DELAY_SECONDS = 60

/** What is counted, how often it may happen, and in how long. */
export const LIMITS = {
  'sign-in': { attempts: 20, windowSeconds: 15 * 60 },
  'sign-up': { attempts: 10, windowSeconds: 60 * 60 },
  guest: { attempts: 60, windowSeconds: 60 * 60 },
  /** Presenting what a mail or a provider handed out. */
  token: { attempts: 20, windowSeconds: 15 * 60 },
  'mail-request': { attempts: 20, windowSeconds: 15 * 60 },
  /** Mails that go to one address; the notices among them are counted apart, so that nobody uses the rest up before. */
  mail: { attempts: 3, windowSeconds: 60 * 60 },
  notice: { attempts: 3, windowSeconds: 60 * 60 },
} as const

export type Limit = keyof typeof LIMITS

/**
 * How a password was guessed at: with the account's name, with its address, or by who is signed in already. Each is counted by itself:
 * were name and address counted together, the delay of the one would tell whose the other is.
 */
export type GuessedBy = 'username' | 'email' | 'own'

/** How many attempts there were in a window, this one included, and when it ends. */
export interface Counted {
  readonly hits: number
  readonly secondsLeft: number
}

/** Counts attempts in the database, each in one statement before the work is done, so that a batch counts as many as it is. */
export class Throttle {
  constructor(private readonly db: ServiceDatabase) {}

  /** Counts an attempt of whoever is at this address. @throws RATE_LIMITED */
  async attempt(limit: Limit, address: string, sql: Sql = this.db): Promise<void> {
    const secondsLeft = await this.count(limit, networkOf(address), sql)
    if (secondsLeft !== null) throw rateLimited(secondsLeft)
  }

  /** The key and the window of an attempt, for a statement that counts it along with what is looked up for it (`countInWindow`). */
  counting(limit: Limit, address: string): [key: string, windowSeconds: number] {
    return windowOf(limit, networkOf(address))
  }

  /** What such a statement has counted. @throws RATE_LIMITED where it is one too many */
  pass(limit: Limit, counted: Counted): void {
    const secondsLeft = tooMany(limit, counted)
    if (secondsLeft !== null) throw rateLimited(secondsLeft)
  }

  /** Counts and says whether it is one too many, for what must not tell. */
  async allows(limit: Limit, subject: string, sql: Sql = this.db): Promise<boolean> {
    return (await this.count(limit, subject, sql)) === null
  }

  /** Counts nothing. @throws RATE_LIMITED where the next one would be one too many */
  async foresee(limit: Limit, subject: string): Promise<void> {
    const [full] = await this.db.query<{ secondsLeft: number }>(WINDOW_LEFT, [`${limit}:${subject}`, LIMITS[limit].attempts])
    if (full) throw rateLimited(full.secondsLeft)
  }

  /**
   * Counts a guess at a password, of an account or of what is none. After a few, each has to wait twice as long as the one before, up to a minute:
   * a delay and never a lock, since those who wait do not count.
   * @throws RATE_LIMITED
   */
  async guess(by: GuessedBy, subject: string): Promise<void> {
    const key = guessKey(by, subject)
    const counted = await this.db.query(COUNT_WITH_DELAY, [key, FREE_GUESSES, MAX_DELAY_SECONDS])
    if (counted.length > 0) return
    const [left] = await this.db.query<{ secondsLeft: number }>(SECONDS_LEFT, [key])
    throw rateLimited(Math.max(1, left?.secondsLeft ?? 1))
  }

  /** The right password: the guesses before it are forgotten. */
  async guessed(subject: string, ...by: readonly GuessedBy[]): Promise<void> {
    await this.db.query(FORGET, [by.map((each) => guessKey(each, subject))])
  }

  private async count(limit: Limit, subject: string, sql: Sql = this.db): Promise<number | null> {
    const [counted] = await sql.query<Counted>(COUNT_IN_WINDOW, windowOf(limit, subject))
    return counted ? tooMany(limit, counted) : null
  }
}

const windowOf = (limit: Limit, subject: string): [string, number] => [`${limit}:${subject}`, LIMITS[limit].windowSeconds]

const tooMany = (limit: Limit, { hits, secondsLeft }: Counted): number | null => (hits > LIMITS[limit].attempts ? secondsLeft : null)

const guessKey = (by: GuessedBy, subject: string): string => `guess:${by}:${subject}`

/** The address by which a person is counted: of IPv6 the /64, which is one household's; of a mapped one the IPv4 in it. */
export function networkOf(address: string): string {
  const mapped = address.match(/^::ffff:(\d+\.\d+\.\d+\.\d+)$/i)?.[1]
  if (mapped) return mapped
  const [bare = ''] = address.split('%')
  if (!isIPv6(bare)) return address
  const [head = '', tail = ''] = bare.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const left = groups(head)
  const right = groups(tail)
  const zeros = bare.includes('::') ? Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0') : []
  const network = [...left, ...zeros, ...right].slice(0, 4)
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
