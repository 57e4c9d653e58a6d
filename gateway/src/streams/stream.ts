import type { Asking } from '@ashlar/kit/caller'
import type { AshlarError } from '@ashlar/kit/errors'
import type { GraphQLFormattedError } from 'graphql'

/** What a client asks to be told, as it came. */
export interface StreamRequest {
  readonly query: string | null
  readonly operationName: string | null
  readonly variables: Readonly<Record<string, unknown>>
  /** `persistedQuery` and the like. */
  readonly extensions: Readonly<Record<string, unknown>>
  /** Of a transport that numbers events: the last one that the client has; null for none yet. */
  readonly resume?: { readonly after: string | null }
}

/** Who listens. Asked again for each event: a socket may have brought a newer credential meanwhile. */
export interface Listener {
  /** @throws UNAUTHENTICATED once the credential has ended; the stream ends with it */
  asking(): Asking
  /**
   * Until it is known again who has ended: events that need a sign-in are held back meanwhile (security.md, Ended at once). null, or absent,
   * where it is known.
   */
  held?(): Promise<void> | null
  /** Why the credential was refused; it fails every operation but one of signing in. */
  readonly refused: AshlarError | null
}

/** One answer, written once for all who get it. */
export interface StreamAnswer {
  /** `{"data":…}`, `errors` and all, as JSON in one line. */
  readonly text: string
  /** The event's cursor, where its field takes `after` and its events have one. */
  readonly cursor: string | null
}

/** Where the answers of one stream go. Whatever it does, it never throws. */
export interface StreamSink {
  /**
   * Takes the next answer.
   * @returns when there is room for more, or its client is gone, where there is no room now. A stream of its own waits for it; one that is
   * shared does not, and the sink has to end what is too slow
   */
  next(answer: StreamAnswer): Promise<void> | undefined
  /** There are no more, and there will be none. */
  complete(): void
  /** There are no more from here: the client is to come back, now or elsewhere. */
  comeBack(): void
}

/** A stream that goes on until it says otherwise to its sink, or until it is stopped. */
export interface Stream {
  /** Its client is gone, or has enough. The sink hears nothing more. */
  stop(): void
}

/** Why there is no stream: the request was refused before anything ran. */
export interface Refusal {
  readonly errors: readonly GraphQLFormattedError[]
  /** As HTTP would say it. */
  readonly status: number
}

/** Opens streams for whatever transport brings the clients. */
export interface Streams {
  /** A subscription streams; a query or mutation is answered once, and then complete. Never rejects. */
  open(request: StreamRequest, listener: Listener, sink: StreamSink): Promise<Stream | Refusal>
}

export const isRefusal = (opened: Stream | Refusal): opened is Refusal => 'errors' in opened
