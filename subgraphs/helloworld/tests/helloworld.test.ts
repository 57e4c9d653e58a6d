import { describeSubgraph } from '@ashlar/kit/testing/describe-subgraph'
import { openTestSockets } from '@ashlar/kit/testing/test-sockets'
import { codesOf, issuePathsOf, startTestSubgraph, type TestSubgraph } from '@ashlar/kit/testing/test-subgraph'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Services, subgraph } from '../src/index.js'

describeSubgraph(subgraph, { entities: {}, lists: {} })

let test: TestSubgraph<Services>
beforeAll(async () => {
  test = await startTestSubgraph(subgraph)
})
afterAll(() => test.close())

describe('hello', () => {
  it('greets the world, or whoever it is told to', async () => {
    expect(await test.data('{ hello { text number } }')).toEqual({ hello: { text: 'Hello, world!', number: 1 } })
    expect(await test.data('{ hello(name: "Zoë 👋") { text } }')).toEqual({ hello: { text: 'Hello, Zoë 👋!' } })
  })

  it('refuses a name that can not be', async () => {
    for (const name of ['x'.repeat(301), 'a\u0000b', '']) {
      const answer = await test.ask('query ($name: String!) { hello(name: $name) { text } }', { name })
      expect([codesOf(answer), issuePathsOf(answer)]).toEqual([['BAD_USER_INPUT'], ['name']])
    }
  })
})

describe('greetings', () => {
  const GREETINGS = `subscription ($name: String! = "world", $count: Int! = 10, $intervalMs: Int! = 1000) {
    greetings(name: $name, count: $count, intervalMs: $intervalMs) { text number } }`

  it('come as often as they are told to, one after the other', async () => {
    await using sockets = await openTestSockets(test.subgraph)
    const from = performance.now()
    const following = sockets.follow(GREETINGS, { name: 'Zoë', count: 3, intervalMs: 50 })
    await following.done
    expect(following.answers.map(({ data }) => data)).toEqual([1, 2, 3].map((number) => ({ greetings: { text: 'Hello, Zoë!', number } })))
    expect(performance.now() - from).toBeGreaterThanOrEqual(95)
  })

  it('end with whoever listens, whatever the interval', async () => {
    await using sockets = await openTestSockets(test.subgraph)
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    const following = Array.from({ length: 20 }, () => sockets.follow(GREETINGS, { intervalMs: 60_000 }))
    await until(() => following.every(({ answers }) => answers.length === 1))
    await Promise.all(following.map((one) => one.stop()))
    await until(() => sockets.sockets.count === 0 && timers() <= before)
  })

  it('refuse what is out of bounds, all of it at once', async () => {
    await using sockets = await openTestSockets(test.subgraph)
    for (const [count, intervalMs] of [
      [0, 9],
      [1_001, 60_001],
    ]) {
      const following = sockets.follow(GREETINGS, { name: '', count, intervalMs })
      await following.done
      const [answer = {}] = following.answers
      expect([answer.data, codesOf(answer), issuePathsOf(answer)]).toEqual([null, ['BAD_USER_INPUT'], ['name', 'count', 'intervalMs']])
    }
  })
})
