import { describe, expect, it } from '@jest/globals'
import { clientOf, isOwnOrigin } from '../src/own-origin.js'

describe("the instance's own origins", () => {
  const LOCAL = new URL('http://localhost:4000')
  const PUBLIC = new URL('https://graph.example.com')

  it('are its public address, and where that is this machine, any of its names at that port', () => {
    for (const origin of ['http://localhost:4000', 'http://127.0.0.1:4000', 'http://[::1]:4000']) {
      expect([origin, isOwnOrigin(origin, LOCAL), clientOf(origin, LOCAL)]).toEqual([origin, true, null])
    }
    expect(isOwnOrigin('https://graph.example.com', PUBLIC)).toBe(true)
  })

  it.each([
    'http://localhost:4001',
    'http://localhost',
    'https://localhost:4000',
    'http://town.localhost:4000',
    'http://localhost.example.com:4000',
    'http://localhost:4000/',
    'HTTP://LOCALHOST:4000',
    'http://user@localhost:4000',
    'http://0x7f.1:4000',
    'http://127.0.0.2:4000',
    'null',
    '',
  ])('are not %j', (origin) => {
    expect([isOwnOrigin(origin, LOCAL), clientOf(origin, LOCAL)]).toEqual([false, origin])
  })

  it("are no visitor's own machine where the public address is everybody's, nor any other of a namespace", () => {
    for (const origin of [
      'http://localhost:4000',
      'http://localhost',
      'https://localhost',
      'http://graph.example.com',
      'https://x.graph.example.com',
    ])
      expect([origin, isOwnOrigin(origin, PUBLIC)]).toEqual([origin, false])
    expect(isOwnOrigin('http://localhost:4000', new URL('http://town.localhost:4000'))).toBe(false)
  })

  it('are where nobody says from where', () => expect(clientOf(null, PUBLIC)).toBeNull())
})
