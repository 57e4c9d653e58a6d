import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import type { Dispatcher, Pool } from 'undici'

export interface Asked {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** As they came, packed or not. */
  readonly bytes: number
}

export interface ExchangeLimits {
  /** From the first byte of the request to the last of the answer. */
  readonly limitMs: number
  /** Of the answer, packed or not. */
  readonly bytesMax: number
}

const UNPACK: Readonly<Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
}

/** How an answer may be packed. */
export const ACCEPT_ENCODING = 'gzip, deflate, br'

/**
 * One POST over a pool, as bare as it gets: a gateway does nothing more often. Within its time and size, whatever the other side does.
 * @throws Error where there is no whole answer
 */
export async function exchange(pool: Pool, asked: Asked, limits: ExchangeLimits): Promise<Answered> {
  const { status, headers, bytes } = await new Promise<Collected>((resolve, reject) => {
    pool.dispatch({ ...asked, method: 'POST' }, new Collector(limits, resolve, reject))
  })
  return { status, headers, bytes: bytes.length, text: (await unpacked(bytes, headers['content-encoding'], limits)).toString() }
}

type Collected = Omit<Answered, 'text' | 'bytes'> & { readonly bytes: Buffer }

class Collector implements Dispatcher.DispatchHandler {
  private readonly endsAt: number
  private readonly chunks: Buffer[] = []
  private bytes = 0
  private status = 0
  private headers: Answered['headers'] = {}
  private controller: Dispatcher.DispatchController | null = null

  constructor(
    private readonly limits: ExchangeLimits,
    private readonly resolve: (collected: Collected) => void,
    private readonly reject: (error: Error) => void,
  ) {
    this.endsAt = performance.now() + limits.limitMs
    watched.add(this)
    watch()
  }

  /** Ends it where its time is over; also while it waits for a connection. */
  look(now: number): void {
    if (now < this.endsAt) return
    const error = new Error(`took longer than ${this.limits.limitMs} ms`)
    this.fail(error)
    this.controller?.abort(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (!watched.has(this)) controller.abort(new Error('its time is over'))
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Answered['headers']): void {
    this.status = status
    this.headers = headers
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length
    if (this.bytes <= this.limits.bytesMax) this.chunks.push(chunk)
    else controller.abort(new Error(`answered more than ${this.limits.bytesMax} bytes`))
  }

  onResponseEnd(): void {
    watched.delete(this)
    const [only] = this.chunks
    const bytes = only && this.chunks.length === 1 ? only : Buffer.concat(this.chunks)
    this.resolve({ status: this.status, headers: this.headers, bytes })
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.fail(error)
  }

  private fail(error: Error): void {
    watched.delete(this)
    this.reject(error)
  }
}

/** All that is going on: one timer looks after them, since a timer each costs more than the rest. */
const watched = new Set<Collector>()
const LOOK_EVERY_MS = 50
let watching: NodeJS.Timeout | null = null

function watch(): void {
  watching ??= setInterval(() => {
    const now = performance.now()
    for (const each of watched) each.look(now)
    if (watched.size > 0 || !watching) return
    clearInterval(watching)
    watching = null
  }, LOOK_EVERY_MS).unref()
}

async function unpacked(bytes: Buffer, encoding: string | string[] | undefined, { bytesMax }: ExchangeLimits): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return bytes
  const unpack = UNPACK[String(encoding)]
  if (!unpack) throw new Error(`answered in the encoding ${encoding}`)
  return unpack(bytes, { maxOutputLength: bytesMax })
}
