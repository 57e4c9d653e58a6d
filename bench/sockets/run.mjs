// One event to many sockets: messages a second through a gateway, beside a bare `ws` broadcast of the same bytes in the same process, in
// turns; and what an idle socket with a subscription costs. Each side is pinned to a core of its own.
// Usage, from bench/: node sockets/run.mjs [--rounds 12] [--events 20] [--sockets 1000] [--idle 5000]. Needs a built clone, Linux and
// taskset (util-linux), and open files for all sockets.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '12' },
    events: { type: 'string', default: '20' },
    sockets: { type: 'string', default: '1000' },
    idle: { type: 'string', default: '5000' },
  },
})
const [rounds, events, sockets, idle] = [values.rounds, values.events, values.sockets, values.idle].map(Number)
const MIB = 1024 * 1024

const children = []
process.on('exit', () => {
  for (const child of children) child.kill()
})

const server = start('./server.mjs', '0', ['--expose-gc', '--max-semi-space-size=64'])
const clients = start('./clients.mjs', '1')
const { gateway, bare } = await server.ask({ do: 'start' })

console.log(`${sockets} sockets, ${events} events a turn, ${rounds} turns each`)
await idleSockets()
await compare('the same to all', 'shared')
await compare('to each their own', 'own')
process.exit()

/** Both in turns over sockets that stay. The better half of the turns counts: what else the machine does only ever slows. */
async function compare(title, kind) {
  await clients.ask({ do: 'open', name: 'gateway', url: gateway, count: sockets, kind })
  await clients.ask({ do: 'open', name: 'bare', url: bare, count: sockets, kind })
  const { gateway: length, bare: bareLength } = await server.ask({ do: 'ready', kind, count: sockets })
  if (length !== bareLength) throw new Error(`${length} bytes are not ${bareLength}`)
  const rates = { gateway: [], bare: [] }
  const costs = { gateway: [], bare: [] }
  let before
  for (let round = 0; round < rounds + 1; round += 1) {
    for (const name of round % 2 ? ['gateway', 'bare'] : ['bare', 'gateway']) {
      const heard = clients.ask({ do: 'hear', name, bytes: length * sockets * events })
      const spent = await server.ask({ do: 'cpu' })
      const began = performance.now()
      await server.ask({ do: 'tell', name, kind, events })
      await heard
      // The first turn warms up.
      if (round > 0) rates[name].push((sockets * events * 1_000) / (performance.now() - began))
      if (round > 0) costs[name].push((sockets * events) / ((await server.ask({ do: 'cpu' })) - spent))
    }
    if (round === 1) before = await server.ask({ do: 'memory' })
  }
  const after = await server.ask({ do: 'memory' })
  const [ours, floor] = [best(rates.gateway), best(rates.bare)]
  // What it takes of the processor is the same whatever else the machine does.
  const byProcessor = best(costs.gateway) / best(costs.bare)
  console.log(
    `${title}, ${length} bytes: gateway ${Math.round(ours)}/s, bare ws ${Math.round(floor)}/s, ratio ${(ours / floor).toFixed(2)}, by the processor's time ` +
      `${byProcessor.toFixed(2)}; ` +
      `heap ${mib(before.heapUsed)} then ${mib(after.heapUsed)}, resident ${mib(before.rss)} then ${mib(after.rss)} MiB`,
  )
  await clients.ask({ do: 'close' })
  await server.ask({ do: 'empty' })
}

async function idleSockets() {
  const before = await server.ask({ do: 'memory' })
  await clients.ask({ do: 'open', name: 'gateway', url: gateway, count: idle, kind: 'shared' })
  await server.ask({ do: 'count', count: idle })
  const after = await server.ask({ do: 'memory' })
  const each = (name) => ((after[name] - before[name]) / idle / 1024).toFixed(1)
  console.log(
    `${idle} idle sockets with a subscription each: ${each('rss')} KiB resident each (heap ${each('heapUsed')}, outside ${each('external')})`,
  )
  await clients.ask({ do: 'close' })
}

function best(rates) {
  const half = rates.toSorted((a, b) => b - a).slice(0, Math.ceil(rates.length / 2))
  return half.reduce((sum, rate) => sum + rate, 0) / half.length
}

function mib(bytes) {
  return Math.round(bytes / MIB)
}

function start(file, core, execArgv = []) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    execPath: 'taskset',
    execArgv: ['-c', core, process.execPath, ...execArgv],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.push(child)
  const waiting = new Map()
  let last = 0
  child.on('message', ({ id, result }) => {
    waiting.get(id)?.(result)
    waiting.delete(id)
  })
  child.once('exit', (code) => {
    console.error(`${file} ended with ${code}`)
    process.exit(1)
  })
  return {
    ask: (message) =>
      new Promise((resolve) => {
        last += 1
        waiting.set(last, resolve)
        child.send({ id: last, ...message })
      }),
  }
}
