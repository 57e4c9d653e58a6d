import { setTimeout as delay } from 'node:timers/promises'
import { connect, credsAuthenticator, type Msg, type NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import type { Logger } from '../log.js'
import { type Bus, type Hint, memoryBus } from './bus.js'

export interface NatsBusOptions {
  /** `nats://user:password@host:4222`, or `tls://`; several servers of one cluster are separated by commas. */
  readonly url: string
  /** The text of a credentials file (a JWT and its seed), where the servers want one. */
  readonly credentials?: string | null
  readonly log: Logger
}

export interface NatsBus extends Bus {
  /** Whether hints go out to others now. */
  readonly connected: boolean
}

const SUBJECT = 'ashlar.hints'
const CONNECT_MS = 5_000
const RETRY_MS = 250
const RETRY_MS_MAX = 5_000
/** A server that has gone without a word is missed after two of these. */
const PING_MS = 10_000
/** What may be on its way to the server; beyond it hints are dropped, since the log tells all the same. */
const PENDING_BYTES_MAX = 1024 * 1024
const HINT_BYTES_MAX = 64 * 1024

const hint = z.object({ service: z.string().max(100), topics: z.array(z.string()), head: z.number().int().nonnegative() })

/**
 * The bus of many processes, over NATS. It connects by itself, again and again; what is published meanwhile reaches the listeners of
 * this process alone, and those of others look when the connection is back.
 */
export function natsBus(options: NatsBusOptions): NatsBus {
  const { log } = options
  const local = memoryBus()
  const services = new Map<string, number>()
  const closing = new AbortController()
  let connection: NatsConnection | null = null
  let pendingBytes = 0
  let flushing = false

  /** Something may have happened that nobody told of. */
  const stirAll = () => {
    for (const service of services.keys()) local.publish({ service, topics: [], head: 0 })
  }

  function receive(message: Msg): void {
    const received = readHint(message)
    if (received) local.publish(received)
  }

  /** The client's buffer has no bound of its own: what has not been flushed is counted here. */
  function flush(over: NatsConnection): void {
    if (flushing) return
    flushing = true
    const bytes = pendingBytes
    over
      .flush()
      .catch(() => {})
      .finally(() => {
        flushing = false
        pendingBytes = Math.max(0, pendingBytes - bytes)
        if (pendingBytes > 0 && connection === over) flush(over)
      })
  }

  async function watch(over: NatsConnection): Promise<void> {
    for await (const status of over.status()) {
      if (status.type === 'disconnect') {
        if (connection === over) connection = null
        if (!closing.signal.aborted) log.warn('the connection to NATS is lost; the logs are looked at more often')
      } else if (status.type === 'reconnect') {
        if (!closing.signal.aborted) connection = over
        pendingBytes = 0
        log.info('connected to NATS again')
        stirAll()
      } else if (status.type === 'error') log.error({ reason: status.error.message }, 'NATS refuses')
    }
  }

  async function run(): Promise<void> {
    for (let wait = RETRY_MS; !closing.signal.aborted; wait = Math.min(2 * wait, RETRY_MS_MAX)) {
      const opened = await open(options).catch((error: Error) => {
        log.warn({ reason: error.message }, 'NATS can not be reached; trying again')
        return null
      })
      if (!opened) {
        await delay(wait, undefined, { signal: closing.signal }).catch(() => {})
        continue
      }
      if (closing.signal.aborted) return opened.close()
      wait = RETRY_MS
      opened.subscribe(`${SUBJECT}.*`, {
        callback(error, message) {
          if (!error) receive(message)
        },
      })
      // From here on the server knows that we listen.
      await opened.flush().catch(() => {})
      connection = opened.isClosed() ? null : opened
      pendingBytes = 0
      stirAll()
      const watching = watch(opened).catch(() => {})
      await Promise.race([opened.closed(), aborted(closing.signal)])
      connection = null
      await opened.close().catch(() => {})
      await watching
    }
  }
  const running = run()

  return {
    get connected() {
      return connection !== null
    },
    get crossesProcesses() {
      return connection !== null
    },
    publish(published) {
      local.publish(published)
      if (!connection) return
      const payload = encode(published)
      if (pendingBytes + payload.length > PENDING_BYTES_MAX) return
      try {
        connection.publish(`${SUBJECT}.${published.service}`, payload)
        pendingBytes += payload.length
        flush(connection)
      } catch (error) {
        log.warn({ err: error }, 'a hint could not be published')
      }
    },
    subscribe(service, listener) {
      const unsubscribe = local.subscribe(service, listener)
      services.set(service, (services.get(service) ?? 0) + 1)
      let subscribed = true
      return () => {
        unsubscribe()
        if (!subscribed) return
        subscribed = false
        const left = (services.get(service) ?? 1) - 1
        if (left > 0) services.set(service, left)
        else services.delete(service)
      }
    },
    async close() {
      closing.abort()
      await running
      await local.close()
    },
  }
}

function open({ url, credentials }: NatsBusOptions): Promise<NatsConnection> {
  const servers = url.split(',').map((server) => new URL(server.trim()))
  const [first] = servers
  return connect({
    servers: servers.map(({ host }) => host),
    ...(first?.username && { user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) }),
    ...(credentials && { authenticator: credsAuthenticator(new TextEncoder().encode(credentials)) }),
    ...(first?.protocol === 'tls:' && { tls: {} }),
    name: 'ashlar',
    // What this process publishes its own listeners have heard already.
    noEcho: true,
    timeout: CONNECT_MS,
    pingInterval: PING_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_MS,
    // A password that is changed at the server first is wrong for a while.
    ignoreAuthErrorAbort: true,
  })
}

/** Topics that are too many for one message are left out: whoever hears it looks. */
function encode(published: Hint): string {
  const text = JSON.stringify(published)
  return text.length <= HINT_BYTES_MAX ? text : JSON.stringify({ ...published, topics: [] })
}

function readHint(message: Msg): Hint | null {
  if (message.data.length > HINT_BYTES_MAX * 4) return null
  try {
    return hint.parse(message.json())
  } catch {
    return null
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))
