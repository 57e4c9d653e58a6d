import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Line } from '../src/testing/line.js'
import { until } from '../src/testing/until.js'

let server: Server
let line: Line
const clients: Socket[] = []
/** What the server has got so far; it says back all that it gets. */
let got = ''
beforeEach(async () => {
  got = ''
  server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      got += bytes
      socket.write(bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  line = await Line.open({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await line.close()
  await new Promise((resolve) => server.close(resolve))
})

function client() {
  const socket = connect(line.port, '127.0.0.1')
  clients.push(socket)
  const state = { socket, heard: '', closed: false }
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    state.heard += bytes
  })
  socket.on('close', () => {
    state.closed = true
  })
  return state
}

describe('a line', () => {
  it('carries both ways, in order, also more than one piece, and closes when one side does', async () => {
    const one = client()
    const text = Array.from({ length: 100_000 }, (_, n) => `${n}`).join(' ')
    one.socket.write(text)
    await until(() => one.heard.length === text.length)
    expect(one.heard).toBe(text)
    one.socket.end()
    await until(() => one.closed && line.connections.size === 0)
    expect(line.opened).toBe(1)
  })

  it('is cut: what is open ends, and new connections can be made', async () => {
    const [one, other] = [client(), client()]
    one.socket.write('a')
    other.socket.write('b')
    await until(() => one.heard === 'a' && other.heard === 'b')
    line.cut()
    await until(() => one.closed && other.closed && line.connections.size === 0)
    const next = client()
    next.socket.write('c')
    await until(() => next.heard === 'c')
  })

  it('refuses, until it accepts again', async () => {
    line.refuse()
    const one = client()
    await until(() => one.closed)
    line.accept()
    const other = client()
    other.socket.write('a')
    await until(() => other.heard === 'a')
    expect(got).toBe('a')
  })

  it('holds answers back while requests get through, and lets go of them in order', async () => {
    line.hold({ requests: false })
    const one = client()
    one.socket.write('first ')
    await until(() => got === 'first ')
    one.socket.write('second')
    await until(() => line.heldBytes === 12)
    expect(one.heard).toBe('')
    line.release()
    await until(() => one.heard === 'first second')
    one.socket.write('!')
    await until(() => one.heard === 'first second!')
  })

  it('is slow: each piece takes its time, and they stay in order', async () => {
    const one = client()
    line.delayMs = 30
    const since = performance.now()
    one.socket.write('a')
    await until(() => one.heard === 'a')
    expect(performance.now() - since).toBeGreaterThanOrEqual(55)
    one.socket.write('b')
    line.delayMs = 0
    one.socket.write('c')
    await until(() => one.heard === 'abc')
    expect(got).toBe('abc')
  })

  it('ends the client where nobody listens', async () => {
    await using dead = await Line.open({ path: '/nowhere/at/all' })
    const socket = connect(dead.port, '127.0.0.1')
    clients.push(socket)
    socket.on('error', () => {})
    await once(socket, 'close')
    await until(() => dead.connections.size === 0)
  })
})
