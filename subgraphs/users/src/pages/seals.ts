import type { ServiceDatabase } from '@ashlar/database/service-database'
import { seal, unseal } from '../sealing.js'

interface Sealed {
  readonly value: unknown
  /** The browser that it was given to. */
  readonly browser: string
  /** In milliseconds of the database's time. */
  readonly until: number
}

const NOW = `select extract(epoch from clock()) * 1000 as now`

/**
 * What a browser keeps for us between two requests and can neither read nor change: sealed for one purpose, one browser and a while.
 * So that nothing waits in the memory of one process, and the next request may reach another.
 */
export class Seals {
  constructor(
    private readonly db: ServiceDatabase,
    private readonly secretKey: Buffer,
  ) {}

  async seal(purpose: string, value: unknown, browser: string, seconds: number): Promise<string> {
    const sealed: Sealed = { value, browser, until: (await this.now()) + seconds * 1_000 }
    return seal(this.secretKey, purpose, Buffer.from(JSON.stringify(sealed))).toString('base64url')
  }

  /** The value; null for one that is another browser's, too old, of another purpose or not ours. */
  async open<Value>(purpose: string, text: string, browser: string): Promise<Value | null> {
    const sealed = this.read(purpose, text)
    if (!sealed || sealed.browser !== browser || sealed.until <= (await this.now())) return null
    return sealed.value as Value
  }

  private read(purpose: string, text: string): Sealed | null {
    try {
      return JSON.parse(unseal(this.secretKey, purpose, Buffer.from(text, 'base64url')).toString('utf8'))
    } catch {
      return null
    }
  }

  private async now(): Promise<number> {
    const [row] = await this.db.query<{ now: number | string }>(NOW)
    return Number(row?.now)
  }
}
