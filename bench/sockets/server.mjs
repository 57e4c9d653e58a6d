// The side that sends: a gateway over one service in this process, and a bare `ws` server that says the same.
import { createServer } from 'node:http'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import { createGateway } from '@ashlar/gateway/gateway'
import { augmentSchema } from '@ashlar/kit/augment-schema'
import { silentLog } from '@ashlar/kit/log'
import { fastify } from 'fastify'
import { print } from 'graphql'
import { WebSocketServer } from 'ws'
import { eventOf, idOf } from './messages.mjs'

const listeners = new Set()
const sdl = print(
  augmentSchema(`
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])
    type Query { hello: String }
    type Subscription { shared: News! @sharedEvents own: News! }
    type News { number: Int! text: String! }`),
)

async function* follow(kind, userId, signal) {
  const queue = []
  let wake = () => {}
  const listener = { kind, userId, hear: (event) => queue.push(event) && wake() }
  const stir = () => wake()
  listeners.add(listener)
  signal.addEventListener('abort', stir)
  try {
    while (!signal.aborted)
      if (queue.length > 0) yield { data: { [kind]: queue.shift() } }
      else
        await new Promise((resolve) => {
          wake = resolve
        })
  } finally {
    listeners.delete(listener)
    signal.removeEventListener('abort', stir)
  }
}

const gateway = await createGateway({
  subgraphs: [
    {
      name: 'news',
      sdl,
      execute: async () => ({ data: { hello: 'world' } }),
      subscribe: async ({ query }, asking, signal) =>
        follow(query.includes('own') ? 'own' : 'shared', asking().identity?.userId ?? null, signal),
    },
  ],
  log: silentLog(),
  authenticate: async (authorization) =>
    authorization === undefined
      ? null
      : {
          userId: authorization.slice(7),
          role: 'USER',
          credential: 'session',
          credentialId: authorization,
          scopes: ['own'],
          authenticatedAt: null,
        },
  publicUrl: new URL('http://localhost:4000'),
  host: '127.0.0.1',
  allowedOrigins: () => new Set(),
  // Those who listen do nothing but count, and so answer no ping either.
  limits: { keepAliveMs: 600_000 },
})
const http = fastify()
await http.register(gateway.routes)
await http.listen({ port: 0, host: '127.0.0.1' })

const bareServer = createServer()
const bare = new WebSocketServer({ server: bareServer, perMessageDeflate: false, handleProtocols: () => 'graphql-transport-ws' })
const bareIds = new Map()
bare.on('connection', (socket) => {
  socket.on('message', (data) => {
    const message = JSON.parse(String(data))
    if (message.type === 'connection_init') socket.send('{"type":"connection_ack"}')
    if (message.type === 'subscribe') bareIds.set(socket, message.id)
  })
  socket.on('close', () => bareIds.delete(socket))
})
await new Promise((resolve) => bareServer.listen(0, '127.0.0.1', resolve))

const addressOf = ({ port }) => `ws://127.0.0.1:${port}/graphql`
let number = 1_000_000

const jobs = {
  start: () => ({ gateway: addressOf(http.server.address()), bare: addressOf(bareServer.address()) }),
  /** Until all have subscribed; answers how long a message is on either side. */
  async ready({ kind, count }) {
    const sources = kind === 'shared' ? 1 : count
    while (listeners.size < sources || gateway.connections.socketOperations < count || bareIds.size < count) await wait(10)
    const length = (text) => text.length + (text.length > 125 ? 4 : 2)
    const text = eventOf(kind, number, null)
    return {
      gateway: length(`{"type":"next","payload":{"data":{"${kind}":${JSON.stringify(text)}}},"id":"${idOf(0)}"}`),
      bare: length(bareText(kind, text, idOf(0))),
    }
  },
  async tell({ name, kind, events }) {
    for (let index = 0; index < events; index += 1) {
      number += 1
      if (name === 'gateway') for (const { hear, userId } of listeners) hear(eventOf(kind, number, userId))
      else tellBare(kind)
      await turn()
    }
  },
  async count({ count }) {
    while (gateway.connections.socketOperations < count) await wait(10)
  },
  async empty() {
    while (gateway.connections.places > 0 || listeners.size > 0 || bareIds.size > 0) await wait(10)
  },
  /** Microseconds of this process so far. */
  cpu() {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  async memory() {
    for (let index = 0; index < 4; index += 1) {
      globalThis.gc()
      await wait(100)
    }
    return process.memoryUsage()
  },
}

/** A broadcast as one would write it: the bytes once for all, or for each their own. */
function tellBare(kind) {
  if (kind === 'shared') {
    const bytes = Buffer.from(bareText(kind, eventOf(kind, number, null), idOf(0)))
    for (const socket of bareIds.keys()) socket.send(bytes, { binary: false })
  } else for (const [socket, id] of bareIds) socket.send(bareText(kind, eventOf(kind, number, id), id))
}

function bareText(kind, event, id) {
  return JSON.stringify({ type: 'next', payload: { data: { [kind]: event } }, id })
}

process.on('message', async ({ id, ...message }) => process.send({ id, result: (await jobs[message.do](message)) ?? null }))
process.on('disconnect', () => process.exit())
