import { until } from '@ashlar/kit/testing/until'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Client, type ClientOptions, createClient } from 'graphql-sse'
import { eventsOf, type ServerEvent } from '../support/event-reader.js'
import { LISTED, type RunningTransports, startTransports } from '../support/running-transports.js'

let running: RunningTransports
const clients: Client<boolean>[] = []
beforeEach(async () => {
  running = await startTransports()
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.dispose()
  await running.empty()
  await running.close()
})

const GREETINGS = 'subscription { greetings(count: 3) { number text } }'
const greeting = (number: number) => ({ data: { greetings: { number, text: `hello ${number} – γειά` } } })
const eventStream = { accept: 'text/event-stream' }

function clientOf(singleConnection: boolean, options: Partial<ClientOptions<boolean>> = {}): Client<boolean> {
  const client = createClient({ url: running.url, singleConnection, retryAttempts: 0, ...options } as ClientOptions<boolean>)
  clients.push(client)
  return client
}

async function all(client: Client<boolean>, query: string, variables: Record<string, unknown> = {}): Promise<unknown[]> {
  const answers: unknown[] = []
  for await (const answer of client.iterate({ query, variables })) answers.push(answer)
  return answers
}

const get = (query: string, headers: Record<string, string> = {}) =>
  fetch(`${running.url}?query=${encodeURIComponent(query)}`, { headers: { ...eventStream, ...headers } })
const post = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(running.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...eventStream, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

async function read(response: Response): Promise<ServerEvent[]> {
  const events: ServerEvent[] = []
  for await (const event of eventsOf(response)) events.push(event)
  return events
}
const dataOf = (events: readonly ServerEvent[]) => events.filter(({ event }) => event === 'next').map(({ data }) => JSON.parse(data ?? ''))

describe.each([
  ['of its own', false],
  ['for all', true],
])('over an event stream %s', (_, singleConnection) => {
  it('a subscription brings its answers in order, and completes', async () => {
    expect(await all(clientOf(singleConnection), GREETINGS)).toEqual([1, 2, 3].map(greeting))
  })

  it('a query and a mutation are answered once', async () => {
    const client = clientOf(singleConnection)
    expect(await all(client, '{ hello }')).toEqual([{ data: { hello: 'world' } }])
    const variables = { text: 'a\nb' }
    expect(await all(client, 'mutation ($text: String!) { shout(text: $text) }', variables)).toEqual([{ data: { shout: 'A\nB' } }])
  })

  it('what ends a subscription comes as its last answer', async () => {
    expect(await all(clientOf(singleConnection), 'subscription { missing }')).toMatchObject([
      { data: { missing: 'there' } },
      { data: null, errors: [{ extensions: { code: 'NOT_FOUND' } }] },
    ])
  })

  it('several go on at once, and end when their client has enough', async () => {
    const client = clientOf(singleConnection)
    const heard: string[] = []
    const ends = ['a', 'b'].map((name) =>
      client.subscribe(
        { query: 'subscription { news }' },
        { next: ({ data }) => heard.push(`${name} ${data?.news}`), error: () => {}, complete: () => {} },
      ),
    )
    await until(() => running.news.listenerCount === 2)
    running.news.tell('1')
    await until(() => heard.length === 2)
    ends[0]?.()
    await until(() => running.news.listenerCount === 1)
    running.news.tell('2')
    await until(() => heard.length === 3)
    expect(heard.sort()).toEqual(['a 1', 'b 1', 'b 2'])
    ends[1]?.()
    await until(() => running.news.listenerCount === 0)
  })

  it('a client comes back by itself when the gateway stops', async () => {
    const client = clientOf(singleConnection)
    const outcome = all(client, 'subscription { news }').catch((error: Error) => error)
    await until(() => running.news.listenerCount === 1)
    await running.transports.close()
    // What it would not come back for it calls complete.
    expect(await outcome).toBeInstanceOf(Error)
    expect(running.news.listenerCount).toBe(0)
  })
})

describe('an event stream of its own', () => {
  it('numbers its events, and goes on behind the one that a client has', async () => {
    const first = await read(await get(GREETINGS))
    expect(first.map(({ id, event }) => [event, id])).toEqual([
      ['next', '1'],
      ['next', '2'],
      ['next', '3'],
      ['complete', undefined],
    ])
    const again = await read(await get(GREETINGS, { 'last-event-id': '2' }))
    expect(dataOf(again)).toEqual([greeting(3)])
  })

  it('is neither kept nor held up by what is between, and answers a listed page', async () => {
    const response = await get(GREETINGS, { origin: LISTED })
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': LISTED,
    })
    await response.body?.cancel()
  })

  it('says what is wrong with an operation as an answer, as the protocol has it', async () => {
    for (const query of ['subscription { nothing }', 'subscription {']) {
      const events = await read(await post({ query }))
      expect(dataOf(events)).toEqual([{ errors: [expect.objectContaining({ message: expect.any(String) })] }])
      expect(events.at(-1)?.event).toBe('complete')
    }
  })

  it('says what is wrong with a request by its status', async () => {
    expect((await post('[')).status).toBe(400)
    expect((await post([])).status).toBe(400)
    expect((await post({ query: 1 })).status).toBe(400)
    expect((await post({ query: '{ hello }', variables: [] })).status).toBe(400)
    expect((await post('query={hello}', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415)
  })

  it('by GET changes nothing, and is not for pages of other sites', async () => {
    const mutation = await get('mutation { shout(text: "a") }')
    expect([mutation.status, mutation.headers.get('allow')]).toEqual([405, 'POST'])
    expect((await get(GREETINGS, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await fetch(`${running.url}?extensions={}`, { headers: eventStream })).status).toBe(400)
  })

  it('is written to while it is quiet', async () => {
    await running.close()
    running = await startTransports({ keepAliveMs: 50 })
    const response = await get('subscription { news }')
    let comments = 0
    const reading = (async () => {
      for await (const _ of eventsOf(response, () => (comments += 1))) break
    })()
    await until(() => comments > 3)
    running.news.tell('end')
    await reading
  })
})

describe('an event stream for all', () => {
  const reserve = async (headers: Record<string, string> = {}) => (await fetch(running.url, { method: 'PUT', headers })).text()
  const withToken = (token: string, more: Record<string, string> = {}) => ({ 'x-graphql-event-stream-token': token, ...more })
  const operate = (token: string, query: string, operationId: unknown = 'a', headers: Record<string, string> = {}) =>
    fetch(running.url, {
      method: 'POST',
      headers: withToken(token, { 'content-type': 'application/json', ...headers }),
      body: JSON.stringify({ query, extensions: { operationId } }),
    })
  const open = async (token: string) => {
    const controller = new AbortController()
    const response = await fetch(`${running.url}?token=${token}`, { headers: eventStream, signal: controller.signal })
    const events: ServerEvent[] = []
    void (async () => {
      for await (const event of eventsOf(response)) events.push(event)
    })().catch(() => {})
    return { status: response.status, events, close: () => controller.abort() }
  }

  it('is open once, of a token that was reserved', async () => {
    expect((await fetch(`${running.url}?token=made-up`, { headers: eventStream })).status).toBe(404)
    expect((await operate('made-up', '{ hello }')).status).toBe(404)
    const token = await reserve()
    const first = await open(token)
    expect(first.status).toBe(200)
    expect((await open(token)).status).toBe(409)
    first.close()
    await running.empty()
    expect((await operate(token, '{ hello }')).status).toBe(404)
  })

  it('brings what was asked for before it was there', async () => {
    const token = await reserve()
    expect((await operate(token, '{ hello }')).status).toBe(202)
    await until(() => running.streams.openCount === 0)
    const { events, close } = await open(token)
    await until(() => events.length === 2)
    expect(events).toEqual([
      { event: 'next', data: '{"id":"a","payload":{"data":{"hello":"world"}}}' },
      { event: 'complete', data: '{"id":"a"}' },
    ])
    close()
  })

  it('refuses what it can not take, and says why', async () => {
    const token = await reserve()
    const { events, close } = await open(token)
    expect((await operate(token, 'subscription { nothing }')).status).toBe(400)
    expect((await operate(token, '{ hello }', 1)).status).toBe(400)
    expect((await operate(token, 'subscription { news }')).status).toBe(202)
    expect((await operate(token, 'subscription { news }')).status).toBe(409)
    expect((await fetch(running.url, { method: 'DELETE', headers: withToken(token) })).status).toBe(400)
    expect((await fetch(`${running.url}?operationId=a`, { method: 'DELETE', headers: withToken(token) })).status).toBe(200)
    await until(() => running.news.listenerCount === 0)
    expect((await operate(token, '{ hello }', 'a')).status).toBe(202)
    await until(() => events.length === 2)
    close()
  })

  it('is of whoever reserved it', async () => {
    const { token: credential, userId } = running.standings.token()
    const token = await reserve({ authorization: `Bearer ${credential}` })
    const { events, close } = await open(token)
    expect((await operate(token, '{ whoAmI }')).status).toBe(403)
    expect((await operate(token, '{ whoAmI }', 'a', { authorization: `Bearer ${running.standings.token().token}` })).status).toBe(403)
    // A newer one of theirs.
    expect((await operate(token, '{ whoAmI }', 'a', { authorization: `Bearer ${running.standings.token({ userId }).token}` })).status).toBe(
      202,
    )
    await until(() => events.length === 2)
    expect(JSON.parse(JSON.parse(events[0]?.data ?? '').payload.data.whoAmI)).toMatchObject({ userId })
    close()
  })
})
