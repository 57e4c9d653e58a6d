import { ApolloClient, CombinedProtocolErrors, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { until } from '@ashlar/kit/testing/until'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { LISTED, type RunningTransports, startTransports } from '../support/running-transports.js'

let running: RunningTransports
const start = async (keepAliveMs = 12_000) => {
  await running?.close()
  running = await startTransports({ keepAliveMs })
}
beforeEach(() => start())
afterEach(async () => {
  await running.empty()
  await running.close()
})

const clientOf = () => new ApolloClient({ link: new HttpLink({ uri: running.url }), cache: new InMemoryCache() })

/** What an Apollo client hears of a subscription. */
function listen(query: string) {
  const heard: unknown[] = []
  const ended = new Promise<Error | null>((resolve) => {
    clientOf()
      .subscribe({ query: gql(query), errorPolicy: 'all' })
      .subscribe({
        next: ({ data, error }) => heard.push(error ? { data, error } : data),
        error: (error: Error) => resolve(error),
        complete: () => resolve(null),
      })
  })
  return { heard, ended }
}

const ACCEPT = { accept: 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json' }
const post = (body: object, headers: Record<string, string> = ACCEPT) =>
  fetch(running.url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })

describe('over multipart HTTP', () => {
  it('a subscription brings its answers in order to an Apollo client, and completes', async () => {
    const { heard, ended } = listen('subscription { greetings(count: 3) { number text } }')
    expect(await ended).toBeNull()
    expect(heard).toMatchObject([1, 2, 3].map((number) => ({ greetings: { number, text: `hello ${number} – γειά` } })))
  })

  it('each answer is heard when it comes, and silence is not taken for an end', async () => {
    await start(30)
    const { heard, ended } = listen('subscription { news }')
    await until(() => running.news.listenerCount === 1)
    running.news.tell('1')
    await until(() => heard.length === 1)
    const writes = running.transports.counts().httpStreams
    expect(writes).toBe(1)
    running.news.tell('2')
    await until(() => heard.length === 2)
    expect(heard).toMatchObject([{ news: '1' }, { news: '2' }])
    await running.transports.close()
    await ended
    expect(heard).toHaveLength(3)
  })

  it('what ends a subscription comes as its last answer', async () => {
    const { heard, ended } = listen('subscription { missing }')
    expect(await ended).toBeNull()
    expect(heard).toMatchObject([{ missing: 'there' }, { error: { errors: [{ extensions: { code: 'NOT_FOUND' } }] } }])
  })

  it('an end that is none is an error of the transport', async () => {
    const { heard, ended } = listen('subscription { news }')
    await until(() => running.news.listenerCount === 1)
    await running.transports.close()
    await ended
    const [{ error }] = heard as [{ error: CombinedProtocolErrors }]
    expect(error).toBeInstanceOf(CombinedProtocolErrors)
    expect(error.errors).toMatchObject([{ extensions: { code: 'SUBGRAPH_UNAVAILABLE' } }])
  })

  it('the bytes are those of the protocol', async () => {
    const response = await post({ query: 'subscription { greetings(count: 1) { number } }' }, { ...ACCEPT, origin: LISTED })
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
      'cache-control': 'no-store',
      'access-control-allow-origin': LISTED,
    })
    expect(await response.text()).toBe(
      '\r\n--graphql\r\ncontent-type: application/json; charset=utf-8\r\n\r\n{"payload":{"data":{"greetings":{"number":1}}}}\r\n--graphql--\r\n',
    )
  })

  it('a quiet one is written to', async () => {
    await start(30)
    const response = await post({ query: 'subscription { news }' })
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk as Uint8Array)
      if (text.split('\r\n\r\n{}\r\n--graphql').length > 3) break
    }
  })

  it('what is answered once is answered as ever, and so is what is wrong', async () => {
    const query = await post({ query: '{ hello }' })
    expect([query.headers.get('content-type'), await query.json()]).toEqual([
      'application/json; charset=utf-8',
      { data: { hello: 'world' } },
    ])
    const mutation = await post({ query: 'mutation { shout(text: "a") }' })
    expect(await mutation.json()).toEqual({ data: { shout: 'A' } })
    const wrong = await post({ query: 'subscription { nothing }' })
    expect([wrong.status, wrong.headers.get('content-type')]).toEqual([400, 'application/json; charset=utf-8'])
    expect((await post({ query: '{' })).status).toBe(400)
  })

  it('a stream ends with its client', async () => {
    const response = await post({ query: 'subscription { news }' })
    await until(() => running.news.listenerCount === 1)
    await response.body?.cancel()
    await until(() => running.news.listenerCount === 0)
  })
})
