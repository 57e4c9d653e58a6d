import { presentFailure } from '@ashlar/kit/failures'
import { silentLog } from '@ashlar/kit/log'
import {
  createSourceEventStream,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  OperationTypeNode,
  parse,
  validate,
} from 'graphql'
import type { Listener, Refusal, Stream, StreamAnswer, StreamRequest, StreamSink, Streams } from '../../src/streams/stream.js'

/**
 * Streams over one schema by graphql-js alone. Counts those that have not ended. Each waits for its client, but for those of a field that
 * many share.
 */
export class GraphQLStreams implements Streams {
  openCount = 0

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly shared: ReadonlySet<string>,
  ) {}

  async open(request: StreamRequest, listener: Listener, sink: StreamSink): Promise<Stream | Refusal> {
    if (listener.refused) return { status: 401, errors: [listener.refused.toJSON()] }
    const prepared = this.prepare(request)
    if ('length' in prepared) return { status: 400, errors: prepared.map((error) => error.toJSON()) }
    this.openCount += 1
    const ended = new AbortController()
    void this.run(prepared, request, listener, sink, ended.signal).finally(() => {
      this.openCount -= 1
    })
    return { stop: () => ended.abort() }
  }

  private prepare({ query, operationName }: StreamRequest) {
    try {
      const document = parse(query ?? '')
      const errors = validate(this.schema, document)
      const operation = getOperationAST(document, operationName)
      if (errors.length > 0) return errors
      if (!operation) return [new GraphQLError('Must provide an operation name.')]
      return { document, kind: operation.operation }
    } catch (error) {
      return [error as GraphQLError]
    }
  }

  private async run(
    { document, kind }: { document: ReturnType<typeof parse>; kind: OperationTypeNode },
    { variables, operationName, resume }: StreamRequest,
    listener: Listener,
    sink: StreamSink,
    signal: AbortSignal,
  ): Promise<void> {
    const args = { schema: this.schema, document, variableValues: variables, operationName }
    const contextValue = { listener, signal, resume }
    const tell = (result: ExecutionResult, event?: { readonly cursor?: string }) => {
      const room = sink.next(answerOf(result, resume ? (event?.cursor ?? null) : null))
      return Object.keys(result.data ?? {}).some((name) => this.shared.has(name)) ? undefined : room
    }
    try {
      if (kind !== OperationTypeNode.SUBSCRIPTION) await tell(await execute({ ...args, contextValue }))
      else {
        const source = await createSourceEventStream({ ...args, contextValue })
        if (!(Symbol.asyncIterator in source)) throw source.errors?.[0]
        const ended = () => void (source as AsyncGenerator<unknown>).return(undefined)
        signal.addEventListener('abort', ended)
        if (signal.aborted) ended()
        for await (const rootValue of source) {
          if (signal.aborted) return
          await listener.held?.()
          if (signal.aborted) return
          listener.asking()
          await tell(await execute({ ...args, rootValue, contextValue }), rootValue as object)
        }
      }
    } catch (error) {
      const { message, extensions } = presentFailure(error, { log: silentLog(), service: 'test', writing: false })
      if (!signal.aborted) await sink.next(answerOf({ data: null, errors: [new GraphQLError(message, { extensions })] }, null))
    }
    if (!signal.aborted) sink.complete()
  }
}

const answerOf = (result: ExecutionResult, cursor: string | null): StreamAnswer => ({ text: JSON.stringify(result), cursor })
