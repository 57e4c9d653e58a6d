import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestDatabase } from '@ashlar/database/testing'
import { readConfig } from '@ashlar/kit/config'
import { type Logger, silentLog } from '@ashlar/kit/log'
import type { GraphQLFormattedError } from 'graphql'
import { type App, type StartOptions, start } from '../../src/start.js'

// biome-ignore lint/suspicious/noExplicitAny: an answer has the shape of its operation
export type Data = any

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly data: Data
  readonly errors?: readonly GraphQLFormattedError[]
}

export interface AskOptions {
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A running Ashlar, in one process or in many. */
export interface TestHouse extends AsyncDisposable {
  readonly url: string
  /** Where it keeps its files: mails, keys. */
  readonly dataDir: string
  ask(query: string, variables?: object, options?: AskOptions): Promise<Answer>
  close(): Promise<void>
}

export interface TestApp extends TestHouse {
  readonly app: App
}

export interface TestAppOptions extends Partial<StartOptions> {
  readonly env?: Readonly<Record<string, string>>
  readonly log?: Logger
}

/** All of Ashlar in this process, on a free port and a database of its own, asked over HTTP. */
export async function startTestApp({ env = {}, log = silentLog(), ...options }: TestAppOptions = {}): Promise<TestApp> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
  const database = await startTestDatabase({ services: [] })
  const app = await start(readConfig({ PORT: String(await freePort()), DATA_DIR: dataDir, DATABASE_URL: database.url, ...env }), {
    log,
    ...options,
  })
  const close = async () => {
    await app.close()
    await database.close()
    await rm(dataDir, { recursive: true, force: true })
  }
  return {
    app,
    url: app.url,
    dataDir,
    ask: (query, variables, asked) => ask(app.url, query, variables, asked),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** One operation over HTTP. Throws only where there is no answer that is JSON. */
export async function ask(url: string, query: string, variables: object = {}, { token, headers = {} }: AskOptions = {}): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }), ...headers },
    body: JSON.stringify({ query, variables }),
  })
  return { status: response.status, headers: response.headers, ...((await response.json()) as { data: Data }) }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Signs somebody up, and answers their tokens. */
export async function signUp(url: string, username: string): Promise<{ accessToken: string; refreshToken: string }> {
  const { data, errors } = await ask(
    url,
    'mutation ($input: SignUpInput!) { signUp(input: $input) { tokens { accessToken refreshToken } } }',
    { input: { username, email: `${username}@example.com`, password: `a good password of ${username}` } },
  )
  if (errors) throw new Error(`nobody was signed up: ${JSON.stringify(errors)}`)
  return data.signUp.tokens
}
