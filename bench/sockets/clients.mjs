// The side that listens: sockets that do nothing but count the bytes that come, so that this core is not what is measured.
import { connect } from 'node:net'
import { idOf } from './messages.mjs'

const CONNECTING = 64
const groups = new Map()

/** A text in a frame of a client's (RFC 6455, 5.2), masked by zeros. */
function frame(text) {
  const data = Buffer.from(text)
  const head =
    data.length <= 125 ? Buffer.from([0x81, 0x80 | data.length]) : Buffer.from([0x81, 0xfe, data.length >> 8, data.length & 0xff])
  return Buffer.concat([head, Buffer.alloc(4), data])
}

function open(url, index, kind, group) {
  const { hostname, port, pathname } = new URL(url)
  const socket = connect(Number(port), hostname)
  const member = idOf(index)
  const said = []
  let text = ''
  const until = (end) =>
    new Promise((resolve, reject) => {
      said.push({ end, resolve })
      socket.once('error', reject)
    })
  const opening = async () => {
    socket.write(
      `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: ${Buffer.alloc(16, index).toString('base64')}\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n`,
    )
    await until('\r\n\r\n')
    const payload = kind === 'own' ? { accessToken: member } : undefined
    socket.write(frame(JSON.stringify({ type: 'connection_init', payload })))
    await until('connection_ack"}')
    socket.removeAllListeners('data')
    socket.on('data', (chunk) => group.count(chunk.length))
    const query = kind === 'own' ? 'subscription { own { number text } }' : 'subscription { shared { number text } }'
    socket.write(frame(JSON.stringify({ type: 'subscribe', id: member, payload: { query } })))
  }
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    if (said[0] && text.includes(said[0].end)) {
      text = ''
      said.shift().resolve()
    }
  })
  socket.on('error', () => {})
  group.sockets.push(socket)
  return opening()
}

const jobs = {
  async open({ name, url, count, kind }) {
    const group = { sockets: [], bytes: 0, wanted: Number.POSITIVE_INFINITY, done: () => {} }
    group.count = (bytes) => {
      group.bytes += bytes
      if (group.bytes >= group.wanted) group.done()
    }
    groups.set(name, group)
    for (let index = 0; index < count; index += CONNECTING)
      await Promise.all(Array.from({ length: Math.min(CONNECTING, count - index) }, (_, at) => open(url, index + at, kind, group)))
  },
  hear({ name, bytes }) {
    const group = groups.get(name)
    return new Promise((resolve) => {
      group.done = () => {
        group.bytes -= bytes
        group.wanted = Number.POSITIVE_INFINITY
        resolve()
      }
      group.wanted = bytes
    })
  },
  close() {
    for (const { sockets } of groups.values()) for (const socket of sockets) socket.destroy()
    groups.clear()
  },
}

process.on('message', async ({ id, ...message }) => process.send({ id, result: (await jobs[message.do](message)) ?? null }))
process.on('disconnect', () => process.exit())
