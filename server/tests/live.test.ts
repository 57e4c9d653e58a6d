import { until } from '@ashlar/kit/testing/until'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { follow, transports } from './app/followers.js'
import { signUp, type TestHouse } from './app/test-app.js'
import { startTestHouse, ways } from './app/test-house.js'

const CREATE_POST = 'mutation ($input: CreatePostInput!) { createPost(input: $input) { post { id } } }'
const EVENTS = 'subscription ($after: String) { postEvents(after: $after) { __typename cursor slug post { title author { username } } } }'
const LATEST = '{ postEventCursor }'

describe.each(ways)('what happens, in %s', (way) => {
  let test: TestHouse
  let token: string
  let count = 0
  beforeAll(async () => {
    test = await startTestHouse({}, way)
    token = (await signUp(test.url, 'ada')).accessToken
  }, 90_000)
  afterAll(() => test.close())

  const publish = async () => {
    count += 1
    const { errors } = await test.ask(CREATE_POST, { input: { title: `Post ${count}`, content: 'Text.', publish: true } }, { token })
    expect(errors).toBeUndefined()
    return `Post ${count}`
  }
  const eventOf = (title: string) => ({
    data: { postEvents: { __typename: 'PostPublished', post: { title, author: { username: 'ada' } } } },
  })

  it.each(transports)('is greeted over %s', async (transport) => {
    const heard = follow(transport, test.url, 'subscription { greetings(count: 3, intervalMs: 10) { number text } }')
    expect(await heard.done).toBeNull()
    expect(heard.answers).toMatchObject([1, 2, 3].map((number) => ({ data: { greetings: { number, text: 'Hello, world!' } } })))
  })

  it.each(transports)('is followed across services over %s, and taken up behind a cursor', async (transport) => {
    await publish()
    const { data, errors } = await test.ask(LATEST)
    expect(errors).toBeUndefined()
    const after = data.postEventCursor
    const heard = follow(transport, test.url, EVENTS, { variables: { after } })
    const titles = [await publish(), await publish()]
    const last = () => heard.answers.at(-1)?.data.postEvents.post.title
    await until(() => last() === titles[1])
    // What was published before may be told as well: where the log stood was asked while it was being told.
    expect(heard.answers.slice(-2)).toMatchObject(titles.map(eventOf))
    heard.stop()
    const again = follow(transport, test.url, EVENTS, { variables: { after: heard.answers.at(-2).data.postEvents.cursor } })
    await until(() => again.answers.length === 1)
    expect(again.answers).toMatchObject([eventOf(titles[1] ?? '')])
    again.stop()
  })

  it.each(transports)('is over with a cursor that was never given: over %s', async (transport) => {
    const heard = follow(transport, test.url, EVENTS, { variables: { after: 'made up' } })
    expect(await heard.done).toBeNull()
    expect(heard.answers).toMatchObject([{ errors: [{ extensions: { code: 'STALE_CURSOR' } }] }])
  })

  it('is told by events that are numbered, and taken up behind the last of them', async () => {
    const after = (await test.ask(LATEST)).data.postEventCursor
    const titles = [await publish(), await publish()]
    const query = encodeURIComponent('subscription { postEvents { post { title } } }')
    const read = async (last: string) => {
      const controller = new AbortController()
      const response = await fetch(`${test.url}/graphql?query=${query}`, {
        headers: { accept: 'text/event-stream', 'last-event-id': last },
        signal: controller.signal,
      })
      let text = ''
      for await (const chunk of response.body ?? []) {
        text += new TextDecoder().decode(chunk as Uint8Array)
        if (text.includes(`"${titles[1]}"`) && text.endsWith('\n\n')) break
      }
      controller.abort()
      return [...text.matchAll(/id: (.*)\nevent: next\ndata: (.*)\n/g)].map(([, id, data]) => ({ id, ...JSON.parse(data ?? '') }))
    }
    const events = (await read(after)).slice(-2)
    expect(events).toEqual(titles.map((title) => ({ id: expect.any(String), data: { postEvents: { post: { title } } } })))
    expect(await read(events[0]?.id ?? '')).toEqual(events.slice(1))
  })

  it('ends for a session that has ended, within a second or so', async () => {
    const { accessToken } = await signUp(test.url, 'grace')
    const all = transports.map((transport) => follow(transport, test.url, EVENTS, { token: accessToken }))
    // Each is there once it has heard something.
    await until(async () => {
      await publish()
      return all.every(({ answers }) => answers.length > 0)
    })
    const endedAt = performance.now()
    const { errors } = await test.ask('mutation { signOut { __typename } }', {}, { token: accessToken })
    expect(errors).toBeUndefined()
    const [socket, ...streams] = await Promise.all(all.map(({ done }) => done))
    expect(performance.now() - endedAt).toBeLessThan(2_000)
    expect(socket).toMatchObject({ code: 4401 })
    expect(streams).toEqual([null, null, null])
    for (const { answers } of all.slice(1)) expect(answers.at(-1)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
  })
})
