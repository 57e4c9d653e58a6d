import type { ApolloServer } from '@apollo/server'
import type { KeyValueCache } from '@apollo/utils.keyvaluecache'
import { AshlarError } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import { type GraphQLError, type GraphQLFormattedError, OperationTypeNode } from 'graphql'
import type { GatewayContext } from '../context.js'
import { stringifyAnswer } from '../execution/written-data.js'
import { signsInOnly } from '../http/signs-in-only.js'
import { presentError } from '../present-error.js'
import { statusOf } from '../request-error.js'
import { type TrustedOperations, withoutHash } from '../rules/trusted-operations.js'
import type { SupergraphGateway } from '../supergraph-gateway.js'
import type { ObservedOperation } from '../telemetry/observed-operation.js'
import type { Telemetry } from '../telemetry/telemetry.js'
import { errorOf, type Member } from './feed.js'
import { Feeds } from './feeds.js'
import { keepText, textOf } from './persisted-text.js'
import { prepareLive, RootRefused, readOperation } from './prepare-live.js'
import type { Listener, Refusal, Stream, StreamRequest, StreamSink, Streams } from './stream.js'

export interface StreamsOptions {
  readonly gateway: SupergraphGateway
  /** Answers what is answered once. */
  readonly apollo: ApolloServer<GatewayContext>
  readonly log: Logger
  readonly telemetry: Telemetry
  /** The list of operations that may run; null where any may. */
  readonly trusted: TrustedOperations | null
  /** The texts that are known by their hash, those of plain requests among them. */
  readonly persisted: KeyValueCache
  readonly passErrors: boolean
  readonly signInFields: () => ReadonlySet<string>
}

/** The streams of one gateway. */
export interface OpenStreams extends Streams {
  readonly counts: Feeds['counts']
  /** Has all streams go on with the graph as it is now. */
  switchVersion(): Promise<void>
  /** Sends everybody away to come back. */
  close(): void
}

/** Who asks, and who watches how it goes. */
interface Asker extends Pick<Member, 'listener' | 'sink'> {
  readonly observed: ObservedOperation
}

const OK = 200
const BAD_REQUEST = 400

/** How the request is called over which somebody listens. */
function idOf(listener: Listener): string {
  try {
    return listener.asking().request.id
  } catch {
    // Who has ended meanwhile: they are told where they are asked for next.
    return 'ended'
  }
}

export function createStreams({
  gateway,
  apollo,
  log,
  telemetry,
  trusted,
  persisted,
  passErrors,
  signInFields,
}: StreamsOptions): OpenStreams {
  const present = (error: GraphQLError): GraphQLFormattedError => presentError(error.toJSON(), error, { log, passErrors })
  const feeds = new Feeds({ log, telemetry, present })
  const told = (observed: ObservedOperation, status: number, bytes = 0) =>
    telemetry.sent(observed, telemetry.answered(observed), { status, bytes })

  async function answerOnce(request: StreamRequest, { listener, sink, observed }: Asker, isStopped: () => boolean) {
    const { query, operationName, variables, extensions } = request
    const { trace } = observed
    const asking = listener.asking()
    const contextValue: GatewayContext = { asking: trace ? { ...asking, trace } : asking, refused: listener.refused, observed }
    const asked = { ...(query !== null && { query }), ...(operationName !== null && { operationName }), variables, extensions }
    const { body } = await apollo.executeOperation(asked, { contextValue })
    if (isStopped() || body.kind !== 'single') return
    const { data, errors } = body.singleResult
    const text = stringifyAnswer({ ...(data !== undefined && { data }), ...(errors && { errors }) }).trimEnd()
    sink.next({ text, cursor: null })
    sink.complete()
  }

  async function open(given: StreamRequest, { listener, sink, observed }: Asker): Promise<Stream> {
    const request = trusted ? admitStream(trusted, given) : given
    const { operationName, variables } = request
    const asked = { query: await textOf(request, persisted), operationName, variables }
    const { document, operation } = readOperation(gateway.current, asked)
    await keepText(request, persisted)
    observed.is({ document, operation, text: asked.query })
    if (listener.refused && !signsInOnly(document, operation, signInFields())) throw listener.refused
    if (operation.operation !== OperationTypeNode.SUBSCRIPTION) {
      let stopped = false
      setImmediate(() =>
        answerOnce(request, { listener, sink, observed }, () => stopped)
          .catch((error: unknown) => {
            if (stopped) return
            sink.next({ text: stringifyAnswer({ errors: [present(errorOf(error))] } as object).trimEnd(), cursor: null })
            sink.complete()
          })
          .finally(() => told(observed, OK)),
      )
      return {
        stop() {
          stopped = true
        },
      }
    }
    const member: Member = {
      listener,
      sink,
      prepare: () => prepareLive(gateway.current, asked, listener.asking()),
    }
    let live = await member.prepare()
    // Another version came meanwhile, and has passed by what is not followed yet.
    while (live.version !== gateway.current) live = await member.prepare()
    const stream = feeds.follow(member, live, request.resume?.after ?? live.live.afterOf(variables))
    told(observed, OK)
    return stream
  }

  /** Tells once why, and that there will be no more. */
  function tellOnce(sink: StreamSink, error: GraphQLError): Stream {
    const telling = setImmediate(() => {
      sink.next({ text: stringifyAnswer({ data: null, errors: [present(error)] } as object).trimEnd(), cursor: null })
      sink.complete()
    })
    return { stop: () => clearImmediate(telling) }
  }

  return {
    async open(request, listener, sink) {
      const observed = telemetry.begin({ requestId: idOf(listener), name: 'stream' })
      try {
        return await open(request, { listener, sink, observed })
      } catch (error) {
        const refusal = refusalOf(errorOf(error), present)
        observed.failed(refusal.errors)
        const isRoot = error instanceof RootRefused
        told(observed, isRoot ? OK : refusal.status)
        return isRoot ? tellOnce(sink, error.error) : refusal
      }
    },
    get counts() {
      return feeds.counts
    },
    switchVersion: () => feeds.switchVersion(),
    close: () => feeds.close(),
  }
}

/** The same request with the text that is meant by it. @throws GraphQLError for what is not on the list */
function admitStream(trusted: TrustedOperations, request: StreamRequest): StreamRequest {
  const admission = trusted.admit({ query: request.query ?? undefined, extensions: request.extensions })
  if ('refusal' in admission) throw admission.refusal
  return admission.text === null ? request : { ...request, query: admission.text, extensions: withoutHash(request.extensions) }
}

const refusalOf = (error: GraphQLError, present: (error: GraphQLError) => GraphQLFormattedError): Refusal => ({
  errors: [present(error)],
  status: error instanceof AshlarError ? statusOf(error) : BAD_REQUEST,
})
