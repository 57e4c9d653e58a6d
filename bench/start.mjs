// How long from `npm start` to the first answer, and how much memory it takes when nothing happens.
// Usage, from bench/: node start.mjs [rounds]. Needs an installed and built clone; every round has an empty data folder.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const rounds = Number(process.argv[2] ?? 5)
const IDLE_SECONDS = 20
const ASK_AGAIN_MS = 10
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

const results = []
for (let round = 1; round <= rounds; round += 1) {
  const dataDir = mkdtempSync(join(tmpdir(), 'ashlar-bench-'))
  const empty = await measure(dataDir, 0)
  const again = await measure(dataDir, IDLE_SECONDS)
  rmSync(dataDir, { recursive: true, force: true })
  results.push({
    'empty folder, s': empty.seconds,
    'second start, s': again.seconds,
    'Node idle, MiB': again.nodeMib,
    'PostgreSQL idle, MiB': again.postgresMib,
  })
  console.log(`round ${round}:`, results.at(-1))
}
console.log('\nmedian:', Object.fromEntries(Object.keys(results[0]).map((name) => [name, median(results.map((result) => result[name]))])))

async function measure(dataDir, idleSeconds) {
  const port = await freePort()
  const started = performance.now()
  const child = spawn('npm', ['start', '--silent'], {
    cwd: root,
    env: { ...process.env, PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: 'error' },
    stdio: 'ignore',
    detached: true,
  })
  while (!(await answers(port))) await delay(ASK_AGAIN_MS)
  const seconds = Number(((performance.now() - started) / 1_000).toFixed(2))
  await delay(idleSeconds * 1_000)
  const memory = memoryOf(dataDir, child.pid)
  process.kill(-child.pid, 'SIGTERM')
  await new Promise((resolve) => child.once('exit', resolve))
  return { seconds, ...memory }
}

async function answers(port) {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ hello { text } posts { nodes { title author { username } } } }' }),
    })
    const { data } = await response.json()
    return data?.hello.text === 'Hello, world!' && Array.isArray(data.posts.nodes)
  } catch {
    return false
  }
}

// Proportional shares, so that pages that PostgreSQL's processes share count once; resident for Node, as the goal says.
function memoryOf(dataDir, ancestor) {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({
      pid,
      command: read(`/proc/${pid}/cmdline`),
      status: read(`/proc/${pid}/status`),
      smaps: read(`/proc/${pid}/smaps_rollup`),
    }))
  const parents = new Map(processes.map(({ pid, status }) => [pid, /PPid:\s+(\d+)/.exec(status)?.[1]]))
  const below = (pid) => pid === String(ancestor) || (pid !== undefined && pid !== '0' && below(parents.get(pid)))
  const kib = (text, name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)?.[1] ?? 0)
  const servers = processes.filter(({ command }) => command.includes('postgres') && command.includes(dataDir)).map(({ pid }) => pid)
  const isServer = (pid) => servers.includes(pid) || servers.includes(parents.get(pid))
  const node = processes.filter(({ pid, command }) => below(pid) && /node/.test(command) && !command.includes('npm') && !isServer(pid))
  return {
    nodeMib: Math.round(node.reduce((sum, { status }) => sum + kib(status, 'VmRSS'), 0) / 1024),
    postgresMib: Math.round(processes.filter(({ pid }) => isServer(pid)).reduce((sum, { smaps }) => sum + kib(smaps, 'Pss'), 0) / 1024),
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}
