import { until } from '@ashlar/kit/testing/until'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createClient } from 'graphql-sse'
import { admittedSocket, type RawSocket, type RunningTransports, rawSocket, startTransports } from '../support/running-transports.js'

let running: RunningTransports
beforeEach(async () => {
  running = await startTransports({}, { forwardedHeaders: ['authorization'] })
})
afterEach(async () => {
  await running.empty()
  await running.close()
})

const subscribe = (query: string, id = 'a') => ({ type: 'subscribe', id, payload: { query } })
const WHO = '{ whoAmI }'

/** What the answers of an operation said. */
const said = ({ received }: RawSocket, id = 'a') =>
  received.filter((message) => message.type === 'next' && message.id === id).map(({ payload }) => (payload as { data: never }).data)

async function whoIs(socket: RawSocket) {
  const id = String(socket.received.length)
  socket.send(subscribe(WHO, id))
  await until(() => said(socket, id).length === 1)
  return JSON.parse((said(socket, id)[0] as unknown as { whoAmI: string }).whoAmI)
}

describe('a socket is of whoever its first message shows', () => {
  it.each([
    ['a token', (token: string) => ({ accessToken: token })],
    ['a header', (token: string) => ({ authorization: `Bearer ${token}` })],
    ['a header as pages write it', (token: string) => ({ Authorization: `Bearer ${token}` })],
  ])('as %s', async (_, payload) => {
    const { token, userId } = running.standings.token()
    const raw = await admittedSocket(running.socketUrl, payload(token))
    expect(await whoIs(raw)).toMatchObject({ userId, scopes: ['own'], forwarded: { authorization: `Bearer ${token}` } })
    raw.socket.close()
  })

  it('or the request that opened it, and of nobody where neither does', async () => {
    const { token, userId } = running.standings.token()
    const raw = await rawSocket(running.socketUrl, { headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': '9.9.9.9' } })
    raw.send({ type: 'connection_init' })
    await until(() => raw.received.length === 1)
    expect(await whoIs(raw)).toMatchObject({ userId, clientAddress: '9.9.9.9' })
    const nobody = await admittedSocket(running.socketUrl)
    expect(await whoIs(nobody)).toMatchObject({ userId: null, clientAddress: '127.0.0.1' })
    raw.socket.close()
    nobody.socket.close()
  })

  it('narrowed to the scopes that it names, also after a new token', async () => {
    const { token, userId } = running.standings.token({ scopes: ['own', 'posts:moderate'] })
    const raw = await admittedSocket(running.socketUrl, { accessToken: token, scopes: 'greetings:read' })
    expect(await whoIs(raw)).toMatchObject({ userId, scopes: ['greetings:read'] })
    const next = running.standings.token({ userId, scopes: ['own'] })
    raw.send({ type: 'ping', payload: { accessToken: next.token } })
    await until(() => raw.received.some(({ type }) => type === 'pong'))
    expect(await whoIs(raw)).toMatchObject({ userId, scopes: ['greetings:read'], forwarded: { authorization: `Bearer ${next.token}` } })
    raw.socket.close()
  })
})

describe('a socket is closed', () => {
  const codeFor = async (payload: object) => {
    const raw = await rawSocket(running.socketUrl)
    raw.send({ type: 'connection_init', payload })
    return (await raw.closed).code
  }

  it('with 4403 for a token that is none or has expired, 4401 for a session that has ended, 1013 where that can not be told', async () => {
    expect(await codeFor({ accessToken: 'made up' })).toBe(4403)
    expect(await codeFor({ accessToken: running.standings.token({ expiresInMs: -1 }).token })).toBe(4403)
    const ended = running.standings.token()
    running.standings.end(ended.token)
    expect(await codeFor({ accessToken: ended.token })).toBe(4401)
    expect(await codeFor({ accessToken: 'away' })).toBe(1013)
  })

  it("with 4403 for another person's token, whoever it was of", async () => {
    for (const payload of [{ accessToken: running.standings.token().token }, {}]) {
      const raw = await admittedSocket(running.socketUrl, payload)
      raw.send({ type: 'ping', payload: { accessToken: running.standings.token().token } })
      expect((await raw.closed).code).toBe(4403)
    }
  })

  it('with 4401 within a second once its session has ended', async () => {
    const { token } = running.standings.token()
    const raw = await admittedSocket(running.socketUrl, { accessToken: token })
    raw.send(subscribe('subscription { news }'))
    await until(() => running.news.listenerCount === 1)
    const endedAt = performance.now()
    running.standings.end(token)
    expect((await raw.closed).code).toBe(4401)
    expect(performance.now() - endedAt).toBeLessThan(1_000)
    expect(running.news.listenerCount).toBe(0)
  })

  it('with 4403 some time after its token has expired, and not where a newer one came', async () => {
    const { token, userId } = running.standings.token()
    const [late, renewed] = [
      await admittedSocket(running.socketUrl, { accessToken: token }),
      await admittedSocket(running.socketUrl, { accessToken: token }),
    ]
    renewed.send({ type: 'ping', payload: { accessToken: running.standings.token({ userId }).token } })
    await until(() => renewed.received.some(({ type }) => type === 'pong'))
    const known = running.standings.tokens.get(token)
    if (known) known.expiresAt = performance.now() - 60_000
    expect((await late.closed).code).toBe(4403)
    expect(await whoIs(renewed)).toMatchObject({ userId })
    renewed.socket.close()
  })
})

describe('events for who has signed in', () => {
  it('are those of the credential that was brought last, also where they began with another', async () => {
    const first = running.standings.token({ scopes: ['own', 'posts:moderate'] })
    const raw = await admittedSocket(running.socketUrl, { accessToken: first.token })
    raw.send(subscribe('subscription { whoAmI }'))
    await until(() => running.news.listenerCount === 1)
    const next = running.standings.token({ userId: first.userId, scopes: ['own'] })
    raw.send({ type: 'ping', payload: { accessToken: next.token } })
    await until(() => raw.received.some(({ type }) => type === 'pong'))
    running.news.tell('now')
    await until(() => said(raw).length === 1)
    expect(JSON.parse((said(raw)[0] as unknown as { whoAmI: string }).whoAmI)).toMatchObject({
      scopes: ['own'],
      forwarded: { authorization: `Bearer ${next.token}` },
    })
    raw.socket.close()
  })

  it('wait while it can not be known who has signed out, and come in order afterwards; sockets stay', async () => {
    const { token } = running.standings.token()
    const [signedIn, gone, nobody] = [
      await admittedSocket(running.socketUrl, { accessToken: token }),
      await admittedSocket(running.socketUrl, { accessToken: running.standings.token().token }),
      await admittedSocket(running.socketUrl),
    ]
    for (const socket of [signedIn, gone, nobody]) socket.send(subscribe('subscription { news }'))
    await until(() => running.news.listenerCount === 3)
    running.standings.current = false
    running.standings.end('whatever makes it look')
    // A look comes at most a tenth of a second later, and shows in that the next event does not arrive.
    let told = 0
    await until(() => {
      running.news.tell(String(++told))
      return said(nobody).length > said(signedIn).length + 3
    })
    const before = said(signedIn).length
    expect(signedIn.socket.readyState).toBe(signedIn.socket.OPEN)
    running.standings.current = true
    for (const [name, { ended }] of running.standings.tokens) if (name !== token && !ended) running.standings.end(name)
    await until(() => said(signedIn).length === told)
    expect(said(signedIn)).toEqual(Array.from({ length: told }, (_, index) => ({ news: String(index + 1) })))
    expect((await gone.closed).code).toBe(4401)
    expect(said(gone).length).toBeLessThanOrEqual(before + 1)
    signedIn.socket.close()
    nobody.socket.close()
  })
})

describe('a stream over HTTP', () => {
  it('is refused with 401 for a token that is none', async () => {
    const response = await fetch(running.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: 'Bearer made-up' },
      body: JSON.stringify({ query: 'subscription { news }' }),
    })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
  })

  it.each([true, false])(
    'ends with UNAUTHENTICATED once its session has ended, over one connection for all: %s',
    async (singleConnection) => {
      const { token, userId } = running.standings.token()
      const client = createClient({
        url: running.url,
        singleConnection,
        headers: { authorization: `Bearer ${token}` },
        retryAttempts: 0,
      } as never)
      const answers: unknown[] = []
      const done = new Promise<void>((complete, error) =>
        client.subscribe({ query: 'subscription { whoAmI }' }, { next: (answer) => answers.push(answer), error, complete }),
      )
      await until(() => running.news.listenerCount === 1)
      running.news.tell('any')
      await until(() => answers.length === 1)
      expect(JSON.parse((answers[0] as { data: { whoAmI: string } }).data.whoAmI)).toMatchObject({ userId })
      running.standings.end(token)
      await done
      expect(answers[1]).toMatchObject({ data: null, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
      client.dispose()
    },
  )
})
