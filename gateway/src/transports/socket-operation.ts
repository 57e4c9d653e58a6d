import { MessageType } from 'graphql-ws'
import type { Refusal, StreamAnswer } from '../streams/stream.js'
import type { Credential } from './credential.js'
import { nextTail } from './frame.js'
import { Operation } from './operation.js'
import type { SocketConnection } from './socket-connection.js'

/** What an operation needs of the socket that it is of. */
export interface OperationOwner {
  readonly connection: SocketConnection
  credential(): Credential
  /** It has ended, by itself. */
  forget(id: string): void
  /** The protocol has no word for "come back" but closing the socket. */
  comeBack(): void
}

/** One operation over a socket. */
export class SocketOperation extends Operation {
  private readonly tail: string

  constructor(
    private readonly id: string,
    private readonly owner: OperationOwner,
  ) {
    super()
    this.tail = nextTail(id)
  }

  protected credential(): Credential {
    return this.owner.credential()
  }

  protected write(answer: StreamAnswer): Promise<void> | undefined {
    return this.owner.connection.sendNext(answer, this.tail)
  }

  protected refused({ errors }: Refusal): void {
    this.owner.forget(this.id)
    this.owner.connection.send({ id: this.id, type: MessageType.Error, payload: errors })
  }

  protected completed(): void {
    this.owner.forget(this.id)
    this.owner.connection.send({ id: this.id, type: MessageType.Complete })
  }

  protected cutOff(): void {
    this.owner.comeBack()
  }
}
