import { describeSubgraph } from '@ashlar/kit/testing/describe-subgraph'
import { codesOf, issuePathsOf, startTestSubgraph, type TestSubgraph } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Services, subgraph } from '../src/index.js'

describeSubgraph(subgraph, { entities: {}, lists: {} })

describe('hello', () => {
  let test: TestSubgraph<Services>
  beforeAll(async () => {
    test = await startTestSubgraph(subgraph)
  })
  afterAll(() => test.close())

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
