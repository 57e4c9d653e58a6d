import { describe, expect, it } from '@jest/globals'
import { losesAll, losesEveryThird, NatsLosses } from '../src/nats-filter.js'

const message = (text: string) => `MSG ashlar.hints.posts 1 ${Buffer.byteLength(text)}\r\n${text}\r\n`
const headed = (text: string) => `HMSG ashlar.hints.posts 1 12 ${12 + text.length}\r\nNATS/1.0\r\n\r\n${text}\r\n`

/** What is left of what a server says, whatever pieces it comes in. */
function left(losses: NatsLosses, text: string, piece: number): string {
  const filter = losses.filter()
  const bytes = Buffer.from(text)
  let kept = ''
  for (let start = 0; start < bytes.length; start += piece) kept += filter(bytes.subarray(start, start + piece))
  return kept
}

describe('a NATS server that loses messages', () => {
  const texts = ['one', 'two\r\nMSG a 1 3', 'thrée', 'four', '', 'six']
  const said = ['INFO {"a":1}\r\n', ...texts.map(message), 'PING\r\n', 'PONG\r\n'].join('')

  it.each([1, 3, 7, 1_000])('loses none unless told, in pieces of %s bytes', (piece) => {
    const losses = new NatsLosses()
    expect(left(losses, said, piece)).toBe(said)
    expect(losses).toMatchObject({ messages: 6, lost: 0 })
  })

  it.each([1, 3, 7, 1_000])('loses every third and nothing else, in pieces of %s bytes', (piece) => {
    const losses = new NatsLosses()
    losses.loses = losesEveryThird
    expect(left(losses, said, piece)).toBe(said.replace(message('thrée'), '').replace(message('six'), ''))
    expect(losses).toMatchObject({ messages: 6, lost: 2 })
  })

  it('loses all, and stays alive', () => {
    const losses = new NatsLosses()
    losses.loses = losesAll
    expect(left(losses, `${said}${headed('seven')}`, 5)).toBe('INFO {"a":1}\r\nPING\r\nPONG\r\n')
    expect(losses.lost).toBe(7)
  })
})
