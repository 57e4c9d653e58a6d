import { tooComplex } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import { SocketCode } from '@ashlar/kit/sockets/farewell'
import { LatestProof } from '@ashlar/kit/sockets/latest-proof'
import {
  CloseCode,
  type ConnectionInitMessage,
  type Message,
  MessageType,
  type PingMessage,
  parseMessage,
  type SubscribeMessage,
} from 'graphql-ws'
import type { RawData } from 'ws'
import type { From, Shown } from '../http/asking.js'
import { depthOf } from '../http/json-body.js'
import type { Limits } from '../limits.js'
import type { Streams } from '../streams/stream.js'
import type { Credential } from './credential.js'
import type { CredentialWatch, Holder } from './credential-watch.js'
import { MessageRate } from './message-rate.js'
import type { Place } from './places.js'
import type { SocketConnection } from './socket-connection.js'
import { endingFault, refusalFault, SocketFault } from './socket-fault.js'
import { type OperationOwner, SocketOperation } from './socket-operation.js'
import { type Payload, shownIn, showsCredential } from './socket-payload.js'

/** For how long after its token has expired a client may take to bring a newer one. */
const GRACE_MS = 30_000
const ID_LENGTH_MAX = 256

export interface SocketClientOptions {
  readonly streams: Streams
  readonly watch: CredentialWatch
  readonly limits: Limits
  readonly log: Logger
  /** What the request that opened it has shown, in case that its messages show nothing. */
  readonly shown: Shown
  readonly from: From
  /** Whether services get what stands for a client's `Authorization`. */
  readonly forwardsAuthorization: boolean
  readonly place: Place
}

/** One client of graphql-transport-ws, from its first message to its last. */
export class SocketClient implements OperationOwner, Holder {
  private readonly proof = new LatestProof<Credential>(({ userId }) => userId)
  private readonly operations = new Map<string, SocketOperation>()
  private readonly rate: MessageRate
  private initialised = false
  private acknowledged = false
  /** What was shown last and taken. */
  private shown: Shown
  private readonly initTimer: NodeJS.Timeout

  constructor(
    private readonly options: SocketClientOptions,
    readonly connection: SocketConnection,
  ) {
    const { limits, shown } = options
    this.shown = shown
    this.rate = new MessageRate(limits.socketMessagesBurst, limits.socketMessagesPerSecond)
    this.initTimer = setTimeout(() => {
      this.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout')
    }, limits.socketInitMs).unref()
  }

  get operationCount(): number {
    return this.operations.size
  }

  credential(): Credential {
    const { current } = this.proof
    if (!current) throw new Error('nothing is asked before the admission')
    return current
  }

  forget(id: string): void {
    this.operations.delete(id)
  }

  comeBack(): void {
    this.close(SocketCode.ServiceRestart, 'Come back')
  }

  close(code: number, reason: string): void {
    void this.connection.close(code, reason)
  }

  /** Lets go of all that it holds; nothing is sent from here on. */
  release(): void {
    clearTimeout(this.initTimer)
    for (const operation of this.operations.values()) operation.stop()
    this.operations.clear()
    if (this.proof.current) this.options.watch.delete(this)
    this.options.place.release()
  }

  look(): void {
    const ending = this.credential().look(GRACE_MS)
    if (ending) this.fail(endingFault(ending))
  }

  /** Takes a message, as it came. */
  receive(data: RawData, binary: boolean): void {
    if (!this.connection.isOpen) return
    try {
      this.handle(this.read(data as Buffer, binary))
    } catch (error) {
      this.fail(error)
    }
  }

  private read(data: Buffer, binary: boolean): Message {
    const { nesting, socketMessagesBurst: burst, socketMessagesPerSecond: perSecond } = this.options.limits
    if (binary) throw new SocketFault(SocketCode.UnsupportedData, 'Messages are text')
    if (!this.rate.count()) throw new SocketFault(SocketCode.PolicyViolation, `Too many messages: ${perSecond} a second, ${burst} at once`)
    if (depthOf(data) > nesting) throw new SocketFault(CloseCode.BadRequest, `The message nests deeper than ${nesting} levels`)
    try {
      return parseMessage(data.toString())
    } catch (error) {
      throw new SocketFault(CloseCode.BadRequest, error instanceof SyntaxError ? 'Messages are JSON' : (error as Error).message)
    }
  }

  private handle(message: Message): void {
    switch (message.type) {
      case MessageType.ConnectionInit:
        this.init(message)
        break
      case MessageType.Ping:
        this.ping(message)
        break
      case MessageType.Pong:
        break
      case MessageType.Subscribe:
        this.subscribe(message)
        break
      case MessageType.Complete:
        this.operations.get(message.id)?.stop()
        this.forget(message.id)
        break
      default:
        throw new SocketFault(CloseCode.BadRequest, `"${message.type}" is for a server to say`)
    }
  }

  private init({ payload }: ConnectionInitMessage): void {
    if (this.initialised) throw new SocketFault(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests')
    this.initialised = true
    this.admit(payload, () => {
      clearTimeout(this.initTimer)
      this.acknowledged = true
      this.connection.send({ type: MessageType.ConnectionAck })
    })
  }

  private ping({ payload }: PingMessage): void {
    const pong = () => this.connection.send({ type: MessageType.Pong })
    if (showsCredential(payload)) {
      this.mustBeAcknowledged()
      this.admit(payload, pong)
    } else pong()
  }

  private subscribe({ id, payload }: SubscribeMessage): void {
    const { limits, streams } = this.options
    const { subscriptionsPerConnection: limit } = limits
    this.mustBeAcknowledged()
    if (id.length > ID_LENGTH_MAX) throw new SocketFault(CloseCode.BadRequest, `An id has at most ${ID_LENGTH_MAX} characters`)
    if (this.operations.has(id)) throw new SocketFault(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`)
    if (this.operations.size >= limit) {
      const error = tooComplex({ message: `At most ${limit} operations may be open over one socket.`, limit })
      this.connection.send({ id, type: MessageType.Error, payload: [error] })
      return
    }
    const operation = new SocketOperation(id, this)
    this.operations.set(id, operation)
    const { query, operationName, variables, extensions } = payload
    void operation.open(streams, {
      // Whoever sends its hash alone has to send some text, by the protocol.
      query: query || null,
      operationName: operationName ?? null,
      variables: variables ?? {},
      extensions: extensions ?? {},
    })
  }

  private mustBeAcknowledged(): void {
    if (!this.acknowledged) throw new SocketFault(CloseCode.Unauthorized, 'Unauthorized')
  }

  /** Takes what a message shows of who comes, and then goes on; or closes the socket with what is wrong with it. */
  private admit(payload: Payload, then: () => void): void {
    this.take(shownIn(payload, this.shown)).then(
      () => this.connection.isOpen && then(),
      (error: unknown) => this.fail(error),
    )
  }

  private async take(shown: Shown): Promise<void> {
    const { watch, place, limits } = this.options
    const before = this.proof.current
    let brought: Credential | undefined
    const outcome = await this.proof.take(async () => {
      brought = await watch.credentialOf(shown, this.from(shown))
      return brought.refused ? null : brought
    })
    if (!this.connection.isOpen || outcome === 'late') return
    if (outcome === 'refused') throw refusalFault(brought)
    this.shown = shown
    const { userId } = this.credential()
    if (userId !== null && !place.claim(userId))
      throw new SocketFault(SocketCode.TryAgainLater, `Too many connections of one person: at most ${limits.connectionsPerUser}`)
    if (!before) watch.add(this)
  }

  /** What a message shows counts as the header that it stands for, where that is passed on. */
  private from({ authorization }: Shown): From {
    const { from, forwardsAuthorization } = this.options
    if (!forwardsAuthorization || authorization === undefined) return from
    return { ...from, forwarded: { ...from.forwarded, authorization } }
  }

  private fail(error: unknown): void {
    if (error instanceof SocketFault) this.close(error.code, error.message)
    else {
      this.options.log.error({ err: error }, 'a message could not be handled')
      this.close(CloseCode.InternalServerError, 'Internal server error')
    }
  }
}
