import type { StreamAnswer } from '../streams/stream.js'
import type { Wording } from './http-operation.js'

export const EVENT_STREAM_TYPE = 'text/event-stream; charset=utf-8'
/** A comment: some browsers say that it is open only with the first byte of a body. */
export const COMMENT = ':\n\n'

/** One event; its data is of one line. */
export const eventOf = (name: 'next' | 'complete', data: string, id: string | null = null): string =>
  `${id === null ? '' : idLine(id)}event: ${name}\ndata: ${data}\n\n`

/** What can't be an id of an event is none (HTML, 9.2.6). */
const idLine = (id: string): string => (/[\r\n\0]/.test(id) ? '' : `id: ${id}\n`)

/** graphql-sse where each operation has its connection. What ends without `complete` is taken up again. */
export const distinctEvents: Wording = {
  next: ({ text, cursor }: StreamAnswer) => eventOf('next', text, cursor),
  complete: eventOf('complete', ''),
  comeBack: '',
  // By the protocol: a browser's EventSource tells its page nothing of an answer that is no stream.
  answersFaults: true,
}
