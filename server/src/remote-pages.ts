import { nobody } from '@ashlar/kit/caller'
import type { DoorClient } from '@ashlar/kit/doors-client'
import { type PagePath, pageDoor } from '@ashlar/kit/doors-pages'
import type { Logger } from '@ashlar/kit/log'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import FindMyWay, { type HTTPMethod } from 'find-my-way'

/** A page hashes passwords and asks providers, which takes its time. */
const PAGE_MS = 30_000
const BODY_BYTES_MAX = 1024 * 1024
const KNOWN_MS = 60_000
const RETRY_MS = 2_000
const RETRY_AFTER_SECONDS = 5
const METHODS = ['GET', 'HEAD', 'POST'] as const
type Method = (typeof METHODS)[number]

/** Of the browser's request; what is not here stays here, a credential for the graph among it. */
const PASSED_IN = [
  ...['host', 'cookie', 'content-type', 'origin', 'referer', 'user-agent', 'accept', 'accept-language', 'if-none-match'],
  ...['sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'sec-fetch-user'],
]
/** Of the answer: what is of the connection only, and what our own server writes (RFC 9110, 7.6.1). */
const KEPT_BACK = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date', 'ashlar-reply'])

/** Shows the pages of services that are processes of their own, as if they were this process's. */
export const remotePages = (doors: readonly DoorClient[], log: Logger): FastifyPluginAsync => {
  const map = new PageMap(doors, log)
  return async (fastify) => {
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX }, async (_: FastifyRequest, body: Buffer) => body)
    fastify.route({ method: [...METHODS], url: '/*', handler: show })
  }

  async function show(request: FastifyRequest, reply: FastifyReply) {
    const door = await map.find(request.method as Method, request.url)
    if (door === null) return reply.callNotFound()
    if (door === 'unknown') return unavailable(reply)
    const { method, url, ip } = request
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    try {
      const answer = await door.send({
        door: url,
        stated: pageDoor(method, url),
        method: method as Method,
        body,
        asking: nobody({ id: request.id, clientAddress: ip }),
        limitMs: PAGE_MS,
        headers: { ...passedIn(request), 'x-forwarded-for': ip },
      })
      for (const [name, value] of Object.entries(answer.headers)) if (value !== undefined && !KEPT_BACK.has(name)) reply.header(name, value)
      return reply.code(answer.status).send(method === 'HEAD' ? null : answer.body)
    } catch (error) {
      log.error({ err: error, service: door.audience }, 'a page could not be shown')
      return unavailable(reply)
    }
  }
}

const unavailable = (reply: FastifyReply) =>
  reply
    .code(503)
    .header('retry-after', RETRY_AFTER_SECONDS)
    .type('text/plain; charset=utf-8')
    .send('This can not be shown now. Try again.\n')

const passedIn = ({ headers }: FastifyRequest): Record<string, string> =>
  Object.fromEntries(
    PASSED_IN.flatMap((name) => {
      const value = headers[name]
      return value === undefined ? [] : [[name, String(value)]]
    }),
  )

interface Known {
  readonly paths: readonly PagePath[]
  readonly until: number
}

/** Which service a path is a page of. They say it themselves; what one said last holds while it can't be asked. */
class PageMap {
  private readonly known = new Map<DoorClient, Known>()
  private readonly askedAt = new Map<DoorClient, number>()
  private router = FindMyWay()
  private asking: Promise<void> | null = null

  constructor(
    private readonly doors: readonly DoorClient[],
    private readonly log: Logger,
  ) {}

  /** null for no page; `unknown` where a service that may have it could not be asked yet. */
  async find(method: Method, url: string): Promise<DoorClient | null | 'unknown'> {
    if (this.due().length > 0) {
      this.asking ??= this.ask().finally(() => {
        this.asking = null
      })
      // What is known answers at once.
      if (!this.match(method, url)) await this.asking
    }
    return this.match(method, url) ?? (this.known.size < this.doors.length ? 'unknown' : null)
  }

  private match(method: Method, url: string): DoorClient | null {
    return (this.router.find(method, url.split('?')[0] ?? '/')?.store as DoorClient | undefined) ?? null
  }

  private due(): readonly DoorClient[] {
    const now = performance.now()
    return this.doors.filter(
      (door) => (this.known.get(door)?.until ?? 0) < now && now - (this.askedAt.get(door) ?? Number.NEGATIVE_INFINITY) > RETRY_MS,
    )
  }

  private async ask(): Promise<void> {
    await Promise.all(
      this.due().map(async (door) => {
        this.askedAt.set(door, performance.now())
        const paths = await door.call<PagePath[]>('/doors/pages', {}).catch((error: unknown) => {
          this.log.warn({ err: error, service: door.audience }, 'a service does not say which pages it has')
          return null
        })
        if (paths) this.known.set(door, { paths, until: performance.now() + KNOWN_MS })
      }),
    )
    const router = FindMyWay()
    for (const [door, { paths }] of this.known)
      for (const { method, url } of paths)
        if (METHODS.includes(method as Method) && !router.hasRoute(method as HTTPMethod, url))
          router.on(method as HTTPMethod, url, () => {}, door)
    this.router = router
  }
}
