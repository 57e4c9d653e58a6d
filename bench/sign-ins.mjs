// Sign-ins and refreshes through /graphql, a second and core, against the bare hash and the bare statements of a refresh (in a transaction,
// and as the one statement that it is here), in one run on one core: Ashlar and its PostgreSQL there, whoever asks on the others. Usage, from bench/: node sign-ins.mjs [rounds] [seconds]. Needs a
// built clone, Linux and taskset (util-linux).
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { availableParallelism, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Pool } from 'undici'

const rounds = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 5)
const CORE = '0'
/** People with an account each, at an address each; every so many sign-ins are from one that is new. */
const PEOPLE = 300
const NEW_ADDRESS_EVERY = 5
const SIGN_INS_AT_ONCE = 4
const REFRESHES_AT_ONCE = 16
const WARM_UP_SECONDS = 5

const SIGN_UP = 'mutation ($input: SignUpInput!) { signUp(input: $input) { tokens { refreshToken } } }'
const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken refreshToken } } }'
const REFRESH = 'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { tokens { accessToken refreshToken } } }'

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
const server = await startServer()
const http = new Pool(await server.ask('url'), { connections: REFRESHES_AT_ONCE })
let addresses = 0
let signIns = 0
const people = Array.from({ length: PEOPLE }, (_, at) => ({
  username: `person_${at}`,
  password: `the password of ${at}`,
  address: newAddress(),
}))
const callers = Array.from({ length: REFRESHES_AT_ONCE }, (_, at) => people.filter((_, index) => index % REFRESHES_AT_ONCE === at))
const kinds = {
  hashes: () => server.ask('hash', { seconds }),
  'sign-ins': () => rate(SIGN_INS_AT_ONCE, signIn),
  transactions: () => server.ask('transactions', { seconds, atOnce: REFRESHES_AT_ONCE, sessions: PEOPLE }),
  statements: () => server.ask('statements', { seconds, atOnce: REFRESHES_AT_ONCE, sessions: PEOPLE }),
  refreshes: () => rate(REFRESHES_AT_ONCE, refresh),
}

console.log(
  `load ${loadavg()
    .map((load) => load.toFixed(2))
    .join(' ')} on ${availableParallelism()} cores before, ${rounds} rounds of ${seconds} s each`,
)
try {
  for (const person of people)
    person.refreshToken = (
      await graph(SIGN_UP, { ...rest(person), email: `${person.username}@example.com` }, person.address)
    ).signUp.tokens.refreshToken
  for (const work of [signIn, refresh]) await rate(SIGN_INS_AT_ONCE, work, WARM_UP_SECONDS)
  const results = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]))
  for (let round = 1; round <= rounds; round += 1) {
    for (const [kind, work] of Object.entries(kinds)) {
      const before = await server.ask('cpu')
      const { done, seconds: took } = await work()
      const cpu = (await server.ask('cpu')) - before
      results[kind].push({ perCpuSecond: done / cpu, perSecond: done / took })
    }
    console.log(
      `round ${round}:`,
      Object.entries(results)
        .map(([kind, all]) => `${kind} ${say(all.at(-1))}`)
        .join(', '),
    )
  }
  const of = (kind, unit) => median(results[kind].map((result) => result[unit]))
  for (const [kind, bare, goal] of [
    ['sign-ins', 'hashes', 0.7],
    ['refreshes', 'transactions', 0.5],
    ['refreshes', 'statements', null],
  ]) {
    const ratio = (unit) => (of(kind, unit) / of(bare, unit)).toFixed(2)
    const medians = (which) => say({ perCpuSecond: of(which, 'perCpuSecond'), perSecond: of(which, 'perSecond') })
    console.log(
      `median: ${kind} ${medians(kind)}; bare ${bare} ${medians(bare)}: ratio ${ratio('perCpuSecond')} by CPU time, ${ratio('perSecond')} by the clock${goal === null ? '' : ` (goal ${goal})`}`,
    )
  }
  console.log(
    `load ${loadavg()
      .map((load) => load.toFixed(2))
      .join(' ')} after`,
  )
} finally {
  await http.close()
  await server.ask('close')
}

function say({ perCpuSecond, perSecond }) {
  return `${perCpuSecond.toFixed(perCpuSecond < 1_000 ? 1 : 0)} a CPU second (${perSecond.toFixed(perSecond < 1_000 ? 1 : 0)}/s)`
}

/** One after the other of all people; from a new address as often as people have one. */
async function signIn() {
  signIns += 1
  const person = people[signIns % PEOPLE]
  const address = signIns % NEW_ADDRESS_EVERY === 0 ? newAddress() : person.address
  await graph(SIGN_IN, { login: person.username, password: person.password }, address)
}

/** Each caller renews sessions of their own, one after the other. */
async function refresh(at) {
  const person = callers[at].shift()
  callers[at].push(person)
  const { refreshSession } = await graph(REFRESH, { refreshToken: person.refreshToken }, person.address)
  person.refreshToken = refreshSession.tokens.refreshToken
}

function rest({ username, password }) {
  return { username, password }
}

function newAddress() {
  addresses += 1
  return `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`
}

async function graph(query, input, address) {
  const { body } = await http.request({
    path: '/graphql',
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
    body: JSON.stringify({ query, variables: { input } }),
  })
  const { data, errors } = await body.json()
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}

async function rate(atOnce, work, forSeconds = seconds) {
  const started = performance.now()
  const until = started + forSeconds * 1_000
  let done = 0
  await Promise.all(
    Array.from({ length: atOnce }, async (_, at) => {
      while (performance.now() < until) {
        await work(at)
        done += 1
      }
    }),
  )
  return { done, seconds: (performance.now() - started) / 1_000 }
}

async function startServer() {
  const file = fileURLToPath(new URL('sign-ins-server.mjs', import.meta.url))
  const child = spawn(
    'taskset',
    ['-c', CORE, process.execPath, ...(process.env.BENCH_NODE_OPTIONS?.split(' ') ?? []), file, String(await freePort())],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  )
  const waiting = new Map()
  const ask = (id, message) =>
    new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      if (message) child.send({ id, ...message })
    })
  child.on('message', ({ id, result, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error) reject(new Error(error))
    else resolve(result)
  })
  child.once('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the server ended with ${code}`))
  })
  await ask(0)
  let asked = 0
  return {
    ask(name, input) {
      asked += 1
      return ask(asked, { name, input })
    },
  }
}

async function freePort() {
  const probe = createServer()
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return port
}
