import { availableParallelism } from 'node:os'
import { badUserInput, rateLimited } from '@ashlar/kit/errors'
import { type Algorithm, hash, verify } from '@node-rs/argon2'
import { dictionary } from '@zxcvbn-ts/language-common'

const ARGON2ID = 2 as Algorithm.Argon2id
const COST = { algorithm: ARGON2ID, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 }
const MIN_LENGTH = 8
const MAX_LENGTH = 1_000
const MAX_WAITING = 100
/** Of libuv's four threads: one is left to signatures, files and names, which must not wait for a hash. */
const THREADS = 3
const RETRY_AFTER_SECONDS = 2
/** A hash of the same cost that stands in where there is none, so that time does not tell who has an account. */
const DECOY = '$argon2id$v=19$m=19456,t=2,p=1$euwUdxhyGeM5RQ2GpggVPw$5ZKXI1GrO9SrWKrp+S6kaIXoZhniDqUE+nM2ZI0Vd80'

export interface Hashing {
  hash(password: string): Promise<string>
  verify(hash: string, password: string): Promise<boolean>
}

/** Argon2id with 19 MiB, two passes and one lane, on libuv's threads. */
export const argon2: Hashing = {
  hash: (password) => hash(password, COST),
  verify: (encoded, password) => verify(encoded, password),
}

/**
 * Passwords: what may be one, and hashing that never takes more than its share. At most as many hashes at once as there are
 * cores, and three, a hundred waiting, and then RATE_LIMITED.
 */
export class Passwords {
  private readonly free: { running: number; readonly waiting: (() => void)[] } = { running: 0, waiting: [] }
  private readonly atOnce = Math.max(1, Math.min(THREADS, availableParallelism()))

  constructor(private readonly hashing: Hashing = argon2) {}

  /** How many are hashed now. */
  get running(): number {
    return this.free.running
  }

  /** How many wait for a thread. */
  get waiting(): number {
    return this.free.waiting.length
  }

  /** @throws BAD_USER_INPUT for what can't be a new password; RATE_LIMITED. */
  async hash(password: string, path: readonly string[] = ['input', 'password']): Promise<string> {
    const checked = checkPassword(password, path)
    return this.inTurn(() => this.hashing.hash(checked))
  }

  /** Whether the password is the account's. The same work where there is no account, or one without a password. */
  async matches(encoded: string | null | undefined, password: string): Promise<boolean> {
    // What is longer than any password is not hashed whole; the first 1,001 characters are wrong just as surely.
    const tried = normalise([...password.slice(0, MAX_LENGTH * 2)].slice(0, MAX_LENGTH + 1).join(''))
    const right = await this.inTurn(() => this.hashing.verify(encoded ?? DECOY, tried))
    return right && Boolean(encoded)
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.free.running >= this.atOnce) {
      if (this.free.waiting.length >= MAX_WAITING) throw rateLimited(RETRY_AFTER_SECONDS)
      await new Promise<void>((resolve) => this.free.waiting.push(resolve))
    } else this.free.running += 1
    try {
      return await work()
    } finally {
      // The slot goes straight to the next in line, so that nobody who comes now can overtake.
      const next = this.free.waiting.shift()
      if (next) next()
      else this.free.running -= 1
    }
  }
}

/** The password in the one form that is hashed. @throws BAD_USER_INPUT */
export function checkPassword(password: string, path: readonly string[] = ['input', 'password']): string {
  const length = password.length > MAX_LENGTH * 2 ? Number.POSITIVE_INFINITY : [...password].length
  if (length < MIN_LENGTH || length > MAX_LENGTH) throw badUserInput(path, 'has 8 to 1,000 characters')
  if (!password.isWellFormed() || /\p{Cc}/u.test(password)) throw badUserInput(path, 'has no control characters')
  if (isCommon(password)) throw badUserInput(path, 'is one that many people use: choose another')
  return normalise(password)
}

// NIST SP 800-63B, 5.1.1.2: the same password from two keyboards is one password.
const normalise = (password: string): string => password.normalize('NFKC')

let common: ReadonlySet<string> | null = null

function isCommon(password: string): boolean {
  common ??= new Set((dictionary['passwords-common'] as string[]).filter((word) => word.length >= MIN_LENGTH))
  return common.has(password.toLowerCase()) || /^(.)\1*$/u.test(password)
}
