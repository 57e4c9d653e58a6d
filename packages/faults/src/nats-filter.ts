import type { LineFilter } from '@ashlar/kit/testing/line'

/** Whether a message is to be lost: told how many have come over the line so far, this one included. */
export type Loses = (count: number) => boolean

export const losesNone: Loses = () => false
export const losesAll: Loses = () => true
export const losesEveryThird: Loses = (count) => count % 3 === 0

/** A NATS server whose connections stay up and which loses messages on their way to clients. */
export class NatsLosses {
  loses: Loses = losesNone
  /** How many messages have come, and how many of them were lost. */
  messages = 0
  lost = 0

  /** The filter of one connection. */
  readonly filter = (): LineFilter => {
    let rest: Buffer = Buffer.alloc(0)
    return (bytes) => {
      rest = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes
      const kept: Buffer[] = []
      for (let frame = frameOf(rest); frame; frame = frameOf(rest)) {
        if (!this.takes(frame)) kept.push(rest.subarray(0, frame.length))
        rest = rest.subarray(frame.length)
      }
      return kept.length === 1 ? (kept[0] as Buffer) : Buffer.concat(kept)
    }
  }

  private takes({ isMessage }: Frame): boolean {
    if (!isMessage) return false
    this.messages += 1
    if (!this.loses(this.messages)) return false
    this.lost += 1
    return true
  }
}

interface Frame {
  readonly isMessage: boolean
  readonly length: number
}

const LINE_END = '\r\n'

/**
 * The first whole frame of what a server says (NATS client protocol): a line, and behind that of a message as many bytes as its last word
 * says. null where more has to come.
 */
function frameOf(bytes: Buffer): Frame | null {
  const end = bytes.indexOf(LINE_END)
  if (end === -1) return null
  const length = end + LINE_END.length
  const words = bytes.toString('latin1', 0, end).split(' ')
  const isMessage = words[0] === 'MSG' || words[0] === 'HMSG'
  if (!isMessage) return { isMessage, length }
  const whole = length + Number(words.at(-1)) + LINE_END.length
  return bytes.length < whole ? null : { isMessage, length: whole }
}
