import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Asking } from './caller.js'
import type { Door, RunningSubgraph } from './define-subgraph.js'
import { AshlarError, badUserInput, unauthenticated } from './errors.js'
import type { EventLog } from './events/event-log.js'
import { presentFailure } from './failures.js'
import { GATEWAY } from './internal-keys.js'
import type { Logger } from './log.js'
import { STATEMENT_HEADER, type Statement, StatementRefused, type Statements } from './statements.js'
import type { SubgraphOperation } from './subgraph-execution.js'
import { TRACE_HEADER, type Tracing } from './tracing/trace.js'
import type { UsedNumbers } from './used-numbers.js'

/** What a service wants the public door to send along with its answer (`Reply`), as JSON in base64url. */
export const REPLY_HEADER = 'ashlar-reply'

export interface DoorsOptions {
  readonly subgraph: RunningSubgraph
  readonly events: EventLog
  readonly statements: Statements
  readonly numbers: UsedNumbers
  readonly log: Logger
  /** Where what is asked is told of; nowhere without. */
  readonly tracing?: Tracing | null
  readonly isReady: () => boolean
}

/** Representations of one fetch may be more than a client may send. */
const BODY_BYTES_MAX = 16 * 1024 * 1024
const STRETCH_MAX = 1_000
const TOPICS_MAX = 1_000
const TEXT_MAX = 1_000

const place = { epoch: z.string().max(TEXT_MAX), position: z.number().int().nonnegative() }
const readInput = z.object({
  place: z.object(place),
  topics: z.array(z.string().max(TEXT_MAX)).max(TOPICS_MAX).nullable(),
  limit: z.number().int().min(1).max(STRETCH_MAX),
})
const passedInput = z.object({ consumer: z.string().max(TEXT_MAX), position: place.position })
const operationInput = z.object({
  query: z.string(),
  operationName: z.string().nullable().default(null),
  variables: z.record(z.string(), z.unknown()).nullable().default(null),
})

/**
 * The doors of a service that is a process of its own: its graph for a gateway that asks as somebody, its log and what else it answers
 * for services that ask as the system, and its health for anybody. Without a statement nothing is answered.
 */
export function openDoors(fastify: FastifyInstance, { subgraph, events, statements, numbers, log, tracing, isReady }: DoorsOptions): void {
  const context = { log, service: subgraph.name, writing: false }

  fastify.get('/livez', async () => ({ status: 'live' }))
  fastify.get('/readyz', async (_request, reply) => {
    const ready = isReady()
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' })
  })

  const systemDoor = (path: string, answer: (input: unknown, sender: string) => Promise<unknown>) =>
    fastify.post(path, async (request, reply) => {
      const { sender, asking } = stated(request, path)
      if (asking) throw new StatementRefused('NOT_ALLOWED')
      try {
        return { result: await answer(jsonOf(request), sender) }
      } catch (error) {
        const { message, extensions } = presentFailure(error, context)
        const status = extensions.code === 'SUBGRAPH_UNAVAILABLE' ? 503 : extensions.code === 'INTERNAL_SERVER_ERROR' ? 500 : 400
        return reply.code(status).send({ error: { message, ...extensions } })
      }
    })

  function stated(request: FastifyRequest, door: string): Statement {
    return statements.verify({ header: headerOf(request), door, body: bodyOf(request) })
  }

  /** Takes the number of a mutation's statement; answers what is answered instead, where the database can't be asked. */
  async function refusedOnce(statement: Statement): Promise<{ readonly errors: readonly unknown[] } | null> {
    try {
      await numbers.use(statement)
      return null
    } catch (error) {
      if (error instanceof StatementRefused) throw error
      return { errors: [presentFailure(error, context)] }
    }
  }

  // The bytes are what was signed: they are read once it is clear who sent them.
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX },
    async (_request: FastifyRequest, body: Buffer) => body,
  )
  fastify.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => refuse(error, request, reply, log))

  fastify.post('/graphql', async (request, reply) => {
    const statement = stated(request, '/graphql')
    // Only a gateway knows who asks; a service that has been taken over must not become everybody.
    if (statement.sender !== GATEWAY || !statement.asking) throw new StatementRefused('NOT_ALLOWED')
    const operation: SubgraphOperation = readAs(operationInput, jsonOf(request))
    const trace = tracing?.fromInside(textOf(request.headers[TRACE_HEADER]))
    const asking: Asking = trace ? { ...statement.asking, trace } : statement.asking
    const refused = subgraph.isWriting(operation) ? await refusedOnce(statement) : null
    const answer = refused ?? (await subgraph.execute(operation, asking))
    if (asking.reply.refreshCookie !== undefined) reply.header(REPLY_HEADER, encodeReply(asking.reply.refreshCookie))
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(answer))
  })

  systemDoor('/log/read', (input) => {
    const { place, topics, limit } = readAs(readInput, input)
    return events.read(place, topics, limit)
  })
  systemDoor('/log/ends', () => events.ends())
  systemDoor('/log/passed', async (input, sender) => {
    const { consumer, position } = readAs(passedInput, input)
    // One service must not have another's events forgotten.
    if (!consumer.startsWith(`${sender}.`)) throw badUserInput('consumer', `is not one of ${sender}`)
    await events.passed(consumer, position)
    return null
  })
  for (const [name, door] of Object.entries<Door>(subgraph.doors)) systemDoor(`/doors/${name}`, (input) => door(input))
}

export const headerOf = ({ headers }: FastifyRequest): string | undefined => textOf(headers[STATEMENT_HEADER])

const textOf = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? undefined : header)

const bodyOf = ({ body }: FastifyRequest): Buffer => (Buffer.isBuffer(body) ? body : Buffer.alloc(0))

function jsonOf(request: FastifyRequest): unknown {
  try {
    return JSON.parse(bodyOf(request).toString())
  } catch {
    throw badUserInput('body', 'is not JSON')
  }
}

/** What a door was given, in the form that it wants. @throws BAD_USER_INPUT with every issue */
export function readAs<Schema extends z.ZodType>(schema: Schema, input: unknown): z.infer<Schema> {
  const { data, error } = schema.safeParse(input)
  if (!error) return data
  throw badUserInput(error.issues.map(({ path, message }) => ({ path: path.map((key) => (typeof key === 'symbol' ? '' : key)), message })))
}

/** Who has no statement, or a wrong one, learns nothing but that. */
export function refuse(error: Error & { statusCode?: number }, request: FastifyRequest, reply: FastifyReply, log: Logger) {
  if (error instanceof StatementRefused) {
    log.warn({ fault: error.code, path: request.routeOptions.url }, 'a call between processes was refused')
    return reply.code(401).send({ errors: [unauthenticated({ message: 'This is no door for you.' }).toJSON()] })
  }
  if (error instanceof AshlarError) return reply.code(400).send({ errors: [error.toJSON()] })
  const status = error.statusCode ?? 500
  if (status >= 500) log.error({ err: error }, 'a door failed')
  return reply.code(status).send({
    errors: [{ message: 'This can not be answered.', extensions: { code: status < 500 ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR' } }],
  })
}

type RefreshCookie = { readonly value: string; readonly expiresAt: Date } | null

const encodeReply = (cookie: RefreshCookie): string => Buffer.from(JSON.stringify(cookie)).toString('base64url')

/** What `REPLY_HEADER` says; undefined for nothing that can be read. */
export function decodeReply(header: string | string[] | undefined): RefreshCookie | undefined {
  if (typeof header !== 'string') return undefined
  try {
    const cookie = JSON.parse(Buffer.from(header, 'base64url').toString()) as { value: unknown; expiresAt: string } | null
    if (cookie === null) return null
    const expiresAt = new Date(cookie.expiresAt)
    return typeof cookie.value === 'string' && !Number.isNaN(expiresAt.getTime()) ? { value: cookie.value, expiresAt } : undefined
  } catch {
    return undefined
  }
}
