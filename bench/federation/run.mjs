// The federation benchmark: requests a second of one deep query through a gateway, on one core, beside its peers and the floor in the same
// run. Usage, from bench/: npm install --prefix hive, then npm run federation [-- <rounds> <seconds>]. Needs a built clone, Linux and taskset (util-linux).
import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Pool } from 'undici'
import { QUERY, supergraphOf } from './town.mjs'

const rounds = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 5)
const CONNECTIONS = 50
const WARM_UP_SECONDS = 5
const BODY = JSON.stringify({ query: QUERY, operationName: 'Screen' })

const folder = mkdtempSync(join(tmpdir(), 'ashlar-bench-'))
const children = []
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** A peer that is not installed stays out. */
const isInstalled = existsSync(new URL('../hive/node_modules', import.meta.url))

/** A process of its own on one core. */
function start(file, core, env) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    execPath: 'taskset',
    execArgv: ['-c', core, process.execPath],
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

async function ask(pool) {
  const { statusCode, body } = await pool.request({
    path: '/graphql',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: BODY,
  })
  const text = await body.text()
  if (statusCode !== 200) throw new Error(`answered with ${statusCode}: ${text.slice(0, 500)}`)
  return text
}

async function rate(pool, forSeconds) {
  const end = performance.now() + forSeconds * 1_000
  let answered = 0
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() < end) {
        await ask(pool)
        answered += 1
      }
    }),
  )
  return answered / ((performance.now() - begun) / 1_000)
}

const services = await start('services.mjs', '1')
const urls = services.ready
const SUPERGRAPH = join(folder, 'supergraph.graphql')
const FLOOR = join(folder, 'floor.json')
writeFileSync(SUPERGRAPH, supergraphOf(urls))
// The floor repeats what the first of them asks.
const contestants = {
  ashlar: { file: 'gateway-ashlar.mjs' },
  floor: { file: 'floor.mjs' },
  'stock @apollo/gateway': { file: 'gateway-apollo.mjs' },
  ...(isInstalled && {
    'hive gateway, rust': { file: '../hive/gateway.mjs', env: { RUST: '1' } },
    'hive gateway, js': { file: '../hive/gateway.mjs' },
  }),
}
const pools = {}
const answers = {}
for (const [name, { file, env = {} }] of Object.entries(contestants)) {
  const PORT = String(await freePort())
  await start(file, '0', { PORT, SUPERGRAPH, FLOOR, URLS: JSON.stringify(urls), NODE_ENV: 'production', ...env })
  pools[name] = new Pool(`http://127.0.0.1:${PORT}`, { connections: CONNECTIONS })
  await ask(pools[name])
  if (name === 'ashlar') await services.ask('record')
  const { data } = JSON.parse(await ask(pools[name]))
  answers[name] = JSON.stringify(data)
  if (name === 'ashlar') writeFileSync(FLOOR, JSON.stringify({ steps: await services.ask('recorded'), data }))
  await rate(pools[name], WARM_UP_SECONDS)
}
for (const [name, answer] of Object.entries(answers))
  if (answer !== answers['stock @apollo/gateway']) console.log(`${name} answers otherwise than the stock gateway`)

const rates = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]))
for (let round = 1; round <= rounds; round += 1) {
  for (const name of Object.keys(contestants)) rates[name].push(await rate(pools[name], seconds))
  console.log(
    `round ${round}: ${Object.entries(rates)
      .map(([name, all]) => `${name} ${all.at(-1).toFixed(0)}`)
      .join(', ')}`,
  )
}
console.log(`\n${answers.floor.length} characters an answer, ${CONNECTIONS} connections, one core; load ${loadavg()[0].toFixed(1)}`)
const floor = median(rates.floor)
for (const [name, all] of Object.entries(rates)) {
  const middle = median(all)
  console.log(
    `${name.padEnd(24)} ${middle.toFixed(0).padStart(6)}/s  (${Math.min(...all).toFixed(0)} to ${Math.max(...all).toFixed(0)})  ${(middle / floor).toFixed(2)} × the floor`,
  )
}
process.exit()
