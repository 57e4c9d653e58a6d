import type { StreamAnswer } from '../streams/stream.js'

const FINAL_TEXT = 0x81
const LENGTH_7_MAX = 125
const LENGTH_16 = 126
const LENGTH_16_MAX = 0xff_ff
const LENGTH_64 = 127

/** A text as a string in which each character is one byte of it in UTF-8. */
export function bytesOf(text: string): string {
  const bytes = Buffer.from(text)
  // Most of what is sent is ASCII, which stays what it is.
  return bytes.length === text.length ? text : bytes.toString('latin1')
}

/**
 * Writes frames of text as a server does (RFC 6455, 5.2), in strings in which each character is a byte: what many sockets get is encoded
 * once, what is joined to it is not copied, and it goes out in one write where a header and a buffer take two. What waits in front of
 * many slow sockets is there once.
 */
export class FrameWriter {
  private answer: StreamAnswer | null = null
  private head = ''
  private length = -1
  private header = ''

  /** `next` with its id at the end, since all before it is the same for all who get the answer. */
  next(answer: StreamAnswer, tail: string): string {
    if (answer !== this.answer) {
      this.answer = answer
      this.head = bytesOf(`{"type":"next","payload":${answer.text}`)
    }
    return this.headerOf(this.head.length + tail.length) + this.head + tail
  }

  private headerOf(length: number): string {
    // Those of one event are mostly of one length.
    if (length !== this.length) {
      this.length = length
      this.header = String.fromCharCode(FINAL_TEXT, ...lengthBytes(length))
    }
    return this.header
  }
}

/** What ends a `next` that this id is for. */
export const nextTail = (id: string): string => bytesOf(`,"id":${JSON.stringify(id)}}`)

function lengthBytes(length: number): number[] {
  if (length <= LENGTH_7_MAX) return [length]
  if (length <= LENGTH_16_MAX) return [LENGTH_16, length >> 8, length & 0xff]
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(length))
  return [LENGTH_64, ...bytes]
}
