import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '@ashlar/kit/config'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startTestApp, type TestApp } from './app/test-app.js'

const LISTED = '{ greeting: hello { text } }'

let folder: string
let test: TestApp
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-operations-'))
  await writeFile(
    join(folder, 'operations.json'),
    JSON.stringify({ greet: LISTED, many: '{ a: hello { text } b: hello { text } c: hello { text } }' }),
  )
  test = await startTestApp({ env: { LIMITS: 'aliases=2', TRUSTED_OPERATIONS: folder, TRUSTED_OPERATIONS_ONLY: '1' } })
}, 120_000)
afterAll(async () => {
  await test?.close()
  await rm(folder, { recursive: true, force: true })
})

describe('the environment', () => {
  it('says which operations run, and no others do', async () => {
    const answer = await test.ask(LISTED)
    expect({ errors: answer.errors, data: answer.data }).toEqual({ data: { greeting: { text: expect.any(String) } } })
    const other = await test.ask('{ hello { text } }')
    expect({ status: other.status, code: other.errors?.[0]?.extensions?.code }).toEqual({ status: 403, code: 'QUERY_NOT_IN_SAFELIST' })
  })

  it('says what they may ask for', async () => {
    const answer = await test.ask('{ a: hello { text } b: hello { text } c: hello { text } }')
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'TOO_COMPLEX', limit: 2 })
  })

  it('knows no other bounds than there are', async () => {
    const starting = startTestApp({ env: { LIMITS: 'aliasses=2' } })
    await expect(starting).rejects.toBeInstanceOf(ConfigError)
  }, 120_000)
})
