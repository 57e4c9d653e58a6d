import { connect } from 'node:net'
import { rateLimited } from '@ashlar/kit/errors'
import { silentLog } from '@ashlar/kit/log'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import Fastify from 'fastify'
import { answerFaults } from '../src/http/request-fault.js'
import { AS_USER, codesOf, type Running, startGateway } from './support/running-gateway.js'
import { town } from './support/town.js'

const LISTED = 'https://app.example.org'
const { users, all, reset } = town()
let running: Running
let exposed: Running
beforeAll(async () => {
  const listed = { allowedOrigins: async () => new Set([LISTED, 'com.example.app:/signed-in']) }
  running = await startGateway({
    subgraphs: all,
    ...listed,
    explorer: (_request, reply) => reply.type('text/html').send('<title>Explorer</title>'),
  })
  // As behind a proxy, on an address of its own.
  exposed = await startGateway({ subgraphs: all, ...listed, publicUrl: new URL('https://graph.example.com'), host: '0.0.0.0' })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
  await exposed[Symbol.asyncDispose]()
})
afterEach(reset)

const JSON_TYPE = { 'content-type': 'application/json' }
const HELLO = JSON.stringify({ query: '{ __typename }' })
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
const post = (body: string | Buffer, headers: object = {}) => running.send({ method: 'POST', headers: { ...JSON_TYPE, ...headers }, body })

describe('the host', () => {
  it.each(['localhost', 'localhost:4000', 'LOCALHOST:1', '127.0.0.1:4000', '[::1]:4000', 'ashlar.localhost:4000'])(
    'is served as %s',
    async (host) => {
      expect((await post(HELLO, { host })).status).toBe(200)
    },
  )

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil.example:4000',
    '10.0.0.1',
    'user@localhost',
    'localhost/x',
    'localhost?x',
    'localhost:port',
  ])('is not served as %j: 421', async (host) => {
    expect((await post(HELLO, { host })).status).toBe(421)
    expect((await running.send({ headers: { host, accept: BROWSER } })).status).toBe(421)
  })

  it('is the public address, whatever port is written out', async () => {
    const statusOf = async (host: string) => (await exposed.send({ method: 'POST', headers: { ...JSON_TYPE, host }, body: HELLO })).status
    expect(await Promise.all(['graph.example.com', 'GRAPH.example.com:443', 'localhost'].map(statusOf))).toEqual([200, 200, 200])
    expect(await Promise.all(['graph.example.com:80', 'example.com', 'x.graph.example.com'].map(statusOf))).toEqual([421, 421, 421])
  })

  it('does not matter to those who watch over it', async () => {
    const answers = await Promise.all(['/livez', '/readyz'].map((path) => running.send({ path, headers: { host: 'evil.example' } })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
  })
})

describe('CORS', () => {
  const originOf = async (gateway: Running, origin: string) => {
    const { headers } = await gateway.send({ method: 'POST', headers: { ...JSON_TYPE, host: 'localhost', origin }, body: HELLO })
    expect(headers.vary).toContain('Origin')
    return headers['access-control-allow-origin'] ?? null
  }

  it.each([LISTED, 'http://localhost:4000', 'http://localhost:5173', 'http://127.0.0.1:1', 'http://[::1]:8080', 'https://dev.localhost'])(
    'answers %s exactly, on loopback',
    async (origin) => expect(await originOf(running, origin)).toBe(origin),
  )

  it.each([
    'null',
    'https://evil.example',
    'https://app.example.org.evil.example',
    'https://app.example.org:8443',
    'http://app.example.org',
    'https://APP.example.org',
    'https://app.example.org/',
    'http://localhost.evil.example',
    'http://127.0.0.1@evil.example',
    'com.example.app:/signed-in',
    'file://',
    '*',
  ])('does not answer %s', async (origin) => expect(await originOf(running, origin)).toBeNull())

  it('answers no loopback page on an address that others reach', async () => {
    expect(await originOf(exposed, 'http://localhost:5173')).toBeNull()
    expect(await originOf(exposed, 'https://graph.example.com')).toBe('https://graph.example.com')
    expect(await originOf(exposed, LISTED)).toBe(LISTED)
  })

  it('lets a listed page ask with what it needs, and no other', async () => {
    const preflight = (origin: string) =>
      running.send({
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      })
    const { status, headers, text } = await preflight(LISTED)
    expect({ status, text }).toEqual({ status: 204, text: '' })
    expect(headers).toMatchObject({ 'access-control-allow-origin': LISTED, 'access-control-allow-credentials': 'true' })
    for (const header of ['authorization', 'content-type', 'ashlar-scopes', 'ashlar-session']) {
      expect(headers['access-control-allow-headers']).toContain(header)
    }
    expect(Object.keys((await preflight('https://evil.example')).headers)).not.toContain('access-control-allow-origin')
  })

  it('knows nobody while the list can not be read, and answers all the same', async () => {
    const allowedOrigins = async () => {
      throw new Error('connect ECONNREFUSED 10.1.2.3:5432')
    }
    await using unlisted = await startGateway({ subgraphs: all, allowedOrigins })
    const answer = await unlisted.ask('{ __typename }', {}, { origin: LISTED })
    expect({ status: answer.status, origin: answer.headers['access-control-allow-origin'] }).toEqual({ status: 200, origin: undefined })
    const cookie = await unlisted.ask('{ __typename }', {}, { origin: LISTED, 'sec-fetch-site': 'same-site', 'ashlar-session': 'cookie' })
    expect({ status: cookie.status, codes: codesOf(cookie) }).toEqual({ status: 500, codes: ['INTERNAL_SERVER_ERROR'] })
    expect(cookie.text).not.toContain('10.1.2.3')
    expect(unlisted.lines.filter(({ errorId }) => errorId === cookie.json.errors?.[0]?.extensions?.errorId)).toHaveLength(1)
  })

  it('lets a listed page read what it did wrong', async () => {
    const { status, headers } = await post('{', { origin: LISTED })
    expect({ status, origin: headers['access-control-allow-origin'] }).toEqual({ status: 400, origin: LISTED })
  })
})

describe('cookie mode', () => {
  const SIGN_IN = JSON.stringify({ query: 'mutation { signIn(login: "a") { token } }' })
  const REFRESH = JSON.stringify({ query: 'mutation { refreshSession { token } }' })
  const COOKIE_MODE = { ...JSON_TYPE, 'ashlar-session': 'cookie' }
  const OWN = { ...COOKIE_MODE, origin: 'http://localhost:4000' }

  it('keeps the refresh token in a cookie that no script reads', async () => {
    const { status, headers } = await post(SIGN_IN, OWN)
    expect(status).toBe(200)
    expect(headers['set-cookie']).toEqual(['ashlar-4000=secret; Path=/; HttpOnly; SameSite=Strict; Expires=Tue, 01 Jan 2030 00:00:00 GMT'])
  })

  it('binds the cookie to the host alone where there is TLS', async () => {
    const headers = { ...COOKIE_MODE, host: 'graph.example.com', origin: 'https://graph.example.com' }
    const answer = await exposed.send({ method: 'POST', headers, body: SIGN_IN })
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^__Host-ashlar=secret; Path=\/; HttpOnly; SameSite=Strict; Secure; Expires=/)
  })

  it('reads the cookie, and clears it on signing out', async () => {
    const cookie = 'other=1; ashlar-4000=kept; ashlar-4001=foreign'
    expect((await post(REFRESH, { ...OWN, cookie })).json.data?.refreshSession.token).toBe('kept')
    const { headers } = await post(JSON.stringify({ query: 'mutation { signOut }' }), { ...OWN, cookie })
    expect(headers['set-cookie']?.[0]).toMatch(/^ashlar-4000=; .*Expires=Thu, 01 Jan 1970/)
  })

  it("keeps a cookie for each origin's pages, and hands none another's", async () => {
    const at = (origin: string, body: string, cookie = '') =>
      post(body, { ...COOKIE_MODE, origin, 'sec-fetch-site': origin.endsWith(':4000') ? 'same-origin' : 'same-site', cookie })
    const set = async (origin: string) => String((await at(origin, SIGN_IN)).headers['set-cookie']).replace(/;.*/, '')
    const own = await set('http://localhost:4000')
    const [app, other] = [await set('http://localhost:5173'), await set('http://localhost:5174')]
    expect(own).toBe('ashlar-4000=secret')
    expect(app).toMatch(/^ashlar-4000-[\w-]{16}=secret$/)
    expect(new Set([own, app, other]).size).toBe(3)
    const jar = [own.replace('secret', 'own'), app.replace('secret', 'app')].join('; ')
    const read = async (origin: string) => (await at(origin, REFRESH, jar)).json.data?.refreshSession.token
    const origins = [
      'http://localhost:4000',
      'http://127.0.0.1:4000',
      'http://[::1]:4000',
      'http://localhost:5173',
      'http://localhost:5174',
    ]
    expect(await Promise.all(origins.map(read))).toEqual(['own', 'own', 'own', 'app', 'none'])
    const { headers } = await at('http://localhost:5173', JSON.stringify({ query: 'mutation { signOut }' }), jar)
    expect(headers['set-cookie']).toHaveLength(1)
    expect(headers['set-cookie']?.[0]).toContain(app.replace('secret', ';'))
  })

  it('neither reads nor writes a cookie unless asked to', async () => {
    const headers = { origin: 'http://localhost:4000', cookie: 'ashlar-4000=kept' }
    expect((await post(REFRESH, headers)).json.data?.refreshSession.token).toBe('none')
    expect((await post(SIGN_IN, headers)).headers['set-cookie']).toBeUndefined()
  })

  it.each([
    ['no origin', {}],
    ['an unlisted origin', { origin: 'https://evil.example' }],
    ['the opaque origin', { origin: 'null' }],
    ['a listed origin of another site', { origin: LISTED }],
    ['a listed origin that the browser calls another site', { origin: LISTED, 'sec-fetch-site': 'cross-site' }],
    ['a form of text', { origin: 'http://localhost:4000', 'content-type': 'text/plain' }],
    ['a form', { origin: 'http://localhost:4000', 'content-type': 'application/x-www-form-urlencoded' }],
    ['JSON that is not quite', { origin: 'http://localhost:4000', 'content-type': 'application/json5' }],
  ])('refuses %s: 403, before anything runs', async (_, headers) => {
    const answer = await post(REFRESH, { ...COOKIE_MODE, cookie: 'ashlar-4000=kept', ...headers })
    expect(answer.status).toBe(403)
    expect(codesOf(answer)).toEqual(['FORBIDDEN'])
    expect(users.calls).toHaveLength(0)
  })

  it('refuses a GET', async () => {
    const headers = { 'ashlar-session': 'cookie', origin: 'http://localhost:4000', 'apollo-require-preflight': '1' }
    expect((await running.send({ path: '/graphql?query=%7B__typename%7D', headers })).status).toBe(403)
  })

  it('serves a listed page of the same site', async () => {
    expect(
      (await post(SIGN_IN, { ...COOKIE_MODE, origin: 'http://localhost:5173', 'sec-fetch-site': 'same-site' })).headers['set-cookie'],
    ).toHaveLength(1)
  })
})

describe('a GET', () => {
  const get = (query: string, headers: object = { 'apollo-require-preflight': '1' }) =>
    running.send({ path: `/graphql?${new URLSearchParams({ query })}`, headers: { ...headers } })

  it('answers a query', async () => {
    const { status, headers, json } = await get('{ users { totalCount } }')
    expect({ status, data: json.data }).toEqual({ status: 200, data: { users: { totalCount: 2 } } })
    expect(headers['cache-control']).toBe('private, no-store')
  })

  it('takes variables and the name of the operation', async () => {
    const search = new URLSearchParams({
      query: 'query A($first: Int!) { posts(first: $first) { nodes { title } } } query B { users { totalCount } }',
      operationName: 'A',
      variables: '{"first":1}',
    })
    const { json } = await running.send({ path: `/graphql?${search}`, headers: { 'apollo-require-preflight': '1' } })
    expect(json.data?.posts.nodes).toHaveLength(1)
  })

  it('writes nothing: 405', async () => {
    const { status, headers } = await get('mutation { signOut }')
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: 'POST' })
    expect(users.calls).toHaveLength(0)
  })

  it.each([{}, { accept: '*/*' }, { 'content-type': 'text/plain' }])('is not for what any page may send: %j', async (headers) => {
    expect((await get('{ __typename }', headers)).status).toBe(400)
  })

  it.each(['variables={', 'variables=[]', 'extensions=5', 'query={__typename}&query={__typename}'])('refuses ?%s', async (search) => {
    const path = `/graphql?${encodeURI(search)}${search.startsWith('query') ? '' : '&query=%7B__typename%7D'}`
    expect((await running.send({ path, headers: { 'apollo-require-preflight': '1' } })).status).toBe(400)
  })

  it('shows a browser the explorer, and a client the graph', async () => {
    expect(await running.send({ headers: { accept: BROWSER } })).toMatchObject({ status: 200, text: '<title>Explorer</title>' })
    const json = { accept: 'application/json, text/html;q=0.1', 'apollo-require-preflight': '1' }
    expect((await get('{ __typename }', json)).json.data).toEqual({ __typename: 'Query' })
  })

  it('has no explorer where none is given', async () => {
    expect((await exposed.send({ headers: { host: 'localhost', accept: BROWSER } })).status).toBe(400)
  })
})

describe('a body', () => {
  it.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON;charset="UTF-8"'])('is %s', async (type) => {
    expect((await post(HELLO, { 'content-type': type })).status).toBe(200)
  })

  it.each([
    'text/plain',
    'application/graphql',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/jsonp',
    'nonsense',
  ])('is not %s: 415', async (type) => {
    const answer = await post(HELLO, { 'content-type': type })
    expect(answer.status).toBe(415)
    expect(codesOf(answer)).toEqual(['BAD_REQUEST'])
  })

  it('is not compressed: 415', async () => {
    expect((await post(HELLO, { 'content-encoding': 'gzip' })).status).toBe(415)
  })

  it.each([
    ['nothing', ''],
    ['half of something', '{"query": "{ __typ'],
    ['a word', 'null'],
    ['a number', '5'],
    ['nothing inside', '{}'],
    ['an operation that is no text', '{"query": {"kind": "Document"}}'],
    ['variables that are no object', '{"query": "{ __typename }", "variables": []}'],
    ['variables that are text', '{"query": "{ __typename }", "variables": "{}"}'],
    ['a name that is no text', '{"query": "{ __typename }", "operationName": {}}'],
    ['two values', `${HELLO}${HELLO}`],
  ])('of %s is a bad request', async (_, body) => {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect(codesOf(answer)).toEqual(['BAD_REQUEST'])
  })

  it('that is no UTF-8 is a bad request', async () => {
    const answer = await post(Buffer.concat([Buffer.from('{"query": "{ __typename } # '), Buffer.from([0xff, 0xc0]), Buffer.from('"}')]))
    expect({ status: answer.status, codes: codesOf(answer) }).toEqual({ status: 400, codes: ['BAD_REQUEST'] })
  })

  it('with a byte order mark is none the worse for it', async () => {
    expect((await post(`\ufeff${HELLO}`)).status).toBe(200)
  })

  it('of up to 4 MB is read, and none above: 413', async () => {
    const sized = (bytes: number) =>
      JSON.stringify({ query: '{ __typename }', extensions: { pad: '' } }).replace('""', `"${'x'.repeat(bytes - 53)}"`)
    const limit = 4 * 1024 * 1024
    expect(Buffer.byteLength(sized(limit))).toBeLessThanOrEqual(limit)
    expect((await post(sized(limit))).status).toBe(200)
    const answer = await post(sized(limit + 100))
    expect(answer.status).toBe(413)
    expect(answer.json.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path: ['body'] }] })
  })

  it('that never says how long it is ends there as well: 413', async () => {
    const status = await new Promise<string>((resolve, reject) => {
      let received = ''
      const socket = connect(running.port, '127.0.0.1', () => {
        socket.write('POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n')
        const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`
        const more = () => {
          while (!socket.destroyed && socket.write(chunk)) if (received) return
          if (!received) socket.once('drain', more)
        }
        more()
      })
      socket.on('data', (data) => {
        received += data
        resolve(received.split('\r\n')[0] ?? '')
        socket.destroy()
      })
      socket.once('error', reject)
    })
    expect(status).toBe('HTTP/1.1 413 Payload Too Large')
  })

  it('holds one operation, or a list of them', async () => {
    const one = await post(HELLO)
    const list = await post(`[${HELLO},${HELLO}]`)
    expect({ status: list.status, json: list.json }).toEqual({ status: 200, json: [one.json, one.json] })
  })

  it('nests no deeper than what reads it can bear', async () => {
    const deep = (levels: number) => `{"query": "{ __typename }", "variables": {"a": ${'['.repeat(levels)}${']'.repeat(levels)}}}`
    expect((await post(deep(90))).status).toBe(200)
    for (const levels of [110, 500_000]) {
      const answer = await post(deep(levels))
      expect({ status: answer.status, codes: codesOf(answer) }).toEqual({ status: 400, codes: ['BAD_USER_INPUT'] })
    }
    expect((await post(JSON.stringify({ query: '{ __typename }', variables: { a: '[{"\\"'.repeat(1_000) } }))).status).toBe(200)
  })
})

describe('an answer', () => {
  it.each([
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['application/graphql-response+json', 'application/graphql-response+json'],
  ])('to %s is %s', async (accept, type) => {
    expect((await post(HELLO, { accept })).headers['content-type']).toBe(`${type}; charset=utf-8`)
  })

  it('that the client can not read is 406', async () => {
    expect((await post(HELLO, { accept: 'image/png' })).status).toBe(406)
  })

  it("is nobody else's", async () => {
    expect((await post(HELLO, AS_USER)).headers['cache-control']).toBe('private, no-store')
  })

  it('says what its code means in the words of HTTP, also where it never gets as far as GraphQL', async () => {
    const door = Fastify()
    door.setErrorHandler(answerFaults(silentLog()))
    door.get('/', () => {
      throw rateLimited(2.5)
    })
    const { statusCode, headers } = await door.inject('/')
    expect(statusCode).toBe(429)
    expect(headers).toMatchObject({ 'retry-after': '3', 'cache-control': 'private, no-store' })
  })

  it.each(['PUT', 'DELETE', 'PATCH', 'HEAD'])('to %s is 405', async (method) => {
    expect((await running.send({ method, headers: { 'apollo-require-preflight': '1' } })).status).toBe(405)
  })

  it('knows nothing of a client that only says where it comes from', async () => {
    const { json } = await running.ask('{ whoAmI }', {}, { 'x-forwarded-for': '9.9.9.9', 'user-agent': 'u'.repeat(2_000), origin: LISTED })
    expect(JSON.parse(json.data?.whoAmI)).toMatchObject({
      clientAddress: '127.0.0.1',
      userAgent: 'u'.repeat(500),
      origin: LISTED,
      cookieMode: false,
    })
  })
})

describe('the end', () => {
  it('is told to who asks whether it is ready, while what comes is still answered', async () => {
    await using ending = await startGateway({ subgraphs: all })
    expect((await ending.send({ path: '/readyz' })).status).toBe(200)
    ending.gateway.drain()
    expect((await ending.send({ path: '/readyz' })).status).toBe(503)
    expect((await ending.send({ path: '/livez' })).status).toBe(200)
    expect((await ending.ask('{ users { totalCount } }')).status).toBe(200)
  })
})
