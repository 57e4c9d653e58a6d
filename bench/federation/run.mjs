// The federation benchmark: requests a second of one deep query through a gateway, on one core, beside its peers and the floor in the same
// run. How to run it, and what came out: ../README.md. Needs a built clone, Linux and taskset (util-linux).
import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { ask, load } from './load.mjs'
import { DISTRICTS, screenOf, supergraphOf } from './town.mjs'

/** As the script in package.json has it. */
const GATEWAY_ARGUMENTS = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  .scripts.gateway.split(' ')
  .filter((word) => word.startsWith('--'))

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '50' },
    /** Every request asks for other entities. */
    different: { type: 'boolean', default: false },
    /** Those that can share the work for identical requests in flight do. */
    share: { type: 'boolean', default: false },
    /** Contestants by the beginnings of their names, such as `ashlar,floor`; the floor needs `ashlar`. */
    only: { type: 'string', default: '' },
    /** Node's arguments where it runs Ashlar: those of `npm run gateway`, unless said otherwise, such as `--node=--trace-gc`; repeated. */
    node: { type: 'string', multiple: true, default: GATEWAY_ARGUMENTS },
    /** The same arguments for all the others. */
    'node-for-all': { type: 'boolean', default: false },
    /** A folder for a profile of Ashlar's processor time. */
    profile: { type: 'string' },
  },
})
const rounds = Number(options.rounds)
const seconds = Number(options.seconds)
const connections = Number(options.connections)
/** As long as it takes the engine to compile what is used most, also where others use the machine. */
const WARM_UP = { seconds: 5, atLeast: 1_500 }
const BODIES = (options.different ? DISTRICTS : [0]).map((district) => JSON.stringify(screenOf(district)))

const PROFILE = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`] : []

const folder = mkdtempSync(join(tmpdir(), 'ashlar-bench-'))
const children = []
process.on('exit', () => {
  // One that is profiled ends by itself, and writes its profile then.
  if (!options.profile) for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** A peer that is not installed stays out. */
const isInstalled = existsSync(new URL('../hive/node_modules', import.meta.url))

/** A process of its own on one core. */
function start({ file, execArgv = [], env }, core) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    execPath: 'taskset',
    execArgv: ['-c', core, process.execPath, ...execArgv],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.push(child)
  const said = () =>
    new Promise((resolve, reject) => {
      child.once('message', resolve)
      child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)))
    })
  return said().then((ready) => ({
    ready,
    pid: child.pid,
    ask(word) {
      child.send(word)
      return said()
    },
  }))
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

const services = await start({ file: 'services.mjs' }, '1')
const urls = services.ready
const SUPERGRAPH = join(folder, 'supergraph.graphql')
const FLOOR = join(folder, 'floor.json')
writeFileSync(SUPERGRAPH, supergraphOf(urls))
const SHARE = options.share ? '1' : ''
const isWanted = ([name]) => options.only === '' || options.only.split(',').some((beginning) => name.startsWith(beginning))
// The floor repeats what the first of them asks.
const contestants = Object.entries({
  ashlar: { file: 'gateway-ashlar.mjs', execArgv: [...options.node, ...PROFILE] },
  floor: { file: 'floor.mjs' },
  'stock @apollo/gateway': { file: 'gateway-apollo.mjs' },
  ...(isInstalled && {
    'hive gateway, rust': { file: '../hive/gateway.mjs', env: { RUST: '1' } },
    'hive gateway, js': { file: '../hive/gateway.mjs' },
  }),
}).filter(isWanted)

const gateways = {}
const answers = {}
for (const [name, { env, ...how }] of contestants) {
  const PORT = String(await freePort())
  const all = { PORT, SUPERGRAPH, FLOOR, SHARE, URLS: JSON.stringify(urls), NODE_ENV: 'production', ...env }
  const execArgv = how.execArgv ?? (options['node-for-all'] ? options.node : [])
  const { pid } = await start({ ...how, execArgv, env: all }, '0')
  const gateway = { pid, pool: new Pool(`http://127.0.0.1:${PORT}`, { connections }) }
  gateways[name] = gateway
  // Each once, so that the services know all that will be asked.
  for (const body of BODIES) await ask(gateway, body)
  if (name === 'ashlar') await services.ask('record')
  const { data } = JSON.parse(await ask(gateway, BODIES[0]))
  answers[name] = JSON.stringify(data)
  if (name === 'ashlar') writeFileSync(FLOOR, JSON.stringify({ steps: await services.ask('recorded'), data }))
  await load(gateway, { bodies: BODIES, connections, ...WARM_UP })
}
const names = Object.keys(gateways)
const [first] = names
for (const name of names) if (answers[name] !== answers[first]) console.log(`${name} answers otherwise than ${first}`)

const measured = Object.fromEntries(names.map((name) => [name, []]))
for (let round = 1; round <= rounds; round += 1) {
  for (const name of names) measured[name].push(await load(gateways[name], { bodies: BODIES, connections, seconds }))
  console.log(`round ${round}: ${names.map((name) => `${name} ${measured[name].at(-1).perSecond.toFixed(0)}`).join(', ')}`)
}
console.log(
  `\n${answers[first].length} characters an answer, ${connections} connections, one core, ${options.different ? 'each request different' : 'all the same'}` +
    `${SHARE && ', shared in flight'}; load ${loadavg()[0].toFixed(1)}`,
)
const rateOf = (name) => median(measured[name].map(({ perSecond }) => perSecond))
for (const name of names) {
  const rates = measured[name].map(({ perSecond }) => perSecond)
  const cost = median(measured[name].map(({ processorMs }) => processorMs))
  const ratio = gateways.floor ? `  ${(rateOf(name) / rateOf('floor')).toFixed(2)} × the floor` : ''
  console.log(
    `${name.padEnd(24)} ${rateOf(name).toFixed(0).padStart(6)}/s  (${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)})` +
      `  ${cost.toFixed(2).padStart(6)} ms of the processor${ratio}`,
  )
}
process.exit()
