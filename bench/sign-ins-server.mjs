// What sign-ins.mjs measures, as one process on one core: all of Ashlar with its PostgreSQL, and beside it what the work comes down to:
// the bare hash, and the bare statements of a refresh. Told what to do by messages; answers each with what it says it has done.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '@ashlar/database/embedded/embedded-postgres'
import { openServiceDatabase } from '@ashlar/database/service-database'
import { readConfig } from '@ashlar/kit/config'
import { newId } from '@ashlar/kit/ids'
import { silentLog } from '@ashlar/kit/log'
import { start } from '@ashlar/server/start'
import { argon2 } from '@ashlar/users/passwords'
import { LOCK_SESSION_OF_TOKEN, READ_TOKEN, RENEW } from '@ashlar/users/sql/sessions'

/** A successor of 43 characters, sealed. */
const SEALED_BYTES = 71
const CLOCK_TICKS = 100
const USER_AGENT = 'bench'
const ADDRESS = '127.0.0.1'

/** $1 the presented token's hash, $2 its successor's, $3 the successor sealed, $4 user agent, $5 address. */
const ROTATE = `
  with successor as (
    insert into refresh_token (hash, session_id) select $2::bytea, session_id from refresh_token where hash = $1
  ), presented as (
    update refresh_token set successor_hash = $2, successor_sealed = $3 where hash = $1
  ), predecessor as (
    update refresh_token set successor_used_at = clock(), successor_sealed = null where successor_hash = $1
  )
  update session set last_used_at = clock(), expires_at = least(clock() + interval '30 days', created_at + interval '180 days'),
    user_agent = $4, ip_address = $5
  where id = (select session_id from refresh_token where hash = $1)`

const log = silentLog()
const dataDir = mkdtempSync(join(tmpdir(), 'ashlar-bench-'))
const postgres = await startEmbeddedPostgres(dataDir, log)
await postgres.synced
const app = await start(
  readConfig({
    DATA_DIR: dataDir,
    DATABASE_URL: addressOf(postgres.connection),
    PORT: process.argv[2],
    LOG_LEVEL: 'error',
    // Whoever signs in comes from an address of their own, as over a proxy.
    TRUSTED_PROXIES: '127.0.0.1',
  }),
  { log },
)
const db = openServiceDatabase({ service: 'users', connection: postgres.connection, connectionsMax: 16, log })
const PASSWORD = 'a password that is hashed'
const hashed = await argon2.hash(PASSWORD)

const commands = {
  url: () => app.url,
  /** CPU seconds of this process and of PostgreSQL, until now. */
  cpu: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6 + postgresSeconds()
  },
  /** One after the other, as many as a core does. */
  hash: async ({ seconds }) => rate(seconds, 1, () => argon2.verify(hashed, PASSWORD)),
  /** So many at once, each renewing sessions of its own in turn, and nothing else: in the transaction that anybody would write. */
  transactions: (input) =>
    renewals(input, (hash, successor, sealed) =>
      db.sqlTransaction(async (sql) => {
        await sql.query(LOCK_SESSION_OF_TOKEN, [hash, false, null])
        await sql.query(READ_TOKEN, [hash])
        await sql.query(ROTATE, [hash, successor, sealed, USER_AGENT, ADDRESS])
      }),
    ),
  /** The same in the one statement that Ashlar does it in. */
  statements: (input) =>
    renewals(input, (hash, successor, sealed) => db.query(RENEW, [hash, false, null, successor, sealed, USER_AGENT, ADDRESS])),
  close: async () => {
    await db.close()
    await app.close()
    await postgres.close()
    rmSync(dataDir, { recursive: true, force: true })
  },
}

process.on('message', async ({ id, name, input }) => {
  try {
    process.send({ id, result: await commands[name](input) })
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) })
  }
  if (name === 'close') process.disconnect()
})
process.send({ id: 0 })

async function rate(seconds, atOnce, work) {
  const started = performance.now()
  const until = started + seconds * 1_000
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

async function renewals({ seconds, atOnce, sessions }, renew) {
  const tokens = Array.from({ length: atOnce }, () => [])
  for (let made = 0; made < sessions; made += 1) tokens[made % atOnce].push(await newSession())
  return rate(seconds, atOnce, async (at) => {
    const successor = createHash('sha256').update(randomBytes(32)).digest()
    await renew(tokens[at].shift(), successor, randomBytes(SEALED_BYTES))
    tokens[at].push(successor)
  })
}

/** The hash of a refresh token of a session that is nobody's but the bench's. */
async function newSession() {
  const [account, session, hash] = [newId(), newId(), createHash('sha256').update(randomBytes(32)).digest()]
  await db.query('insert into account (id, username, display_name) values ($1, $2, $2)', [
    account,
    `bare_${randomBytes(6).toString('hex')}`,
  ])
  await db.query(`insert into session (id, account_id, expires_at) values ($1, $2, clock() + interval '30 days')`, [session, account])
  await db.query('insert into refresh_token (hash, session_id) values ($1, $2)', [hash, session])
  return hash
}

/** Of the server and whatever it has started, those that have ended included. */
function postgresSeconds() {
  const postmaster = String(postgres.pid())
  let ticks = 0
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const fields = statOf(pid)
    if (!fields || (pid !== postmaster && fields[1] !== postmaster)) continue
    ticks += Number(fields[11]) + Number(fields[12])
    if (pid === postmaster) ticks += Number(fields[13]) + Number(fields[14])
  }
  return ticks / CLOCK_TICKS
}

function statOf(pid) {
  try {
    // The name in brackets may hold anything; the fields are those behind it (proc(5)).
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
  } catch {
    return null
  }
}

function addressOf({ host, port, user, password, database }) {
  const address = new URL(`postgres://localhost:${port ?? 5432}/${database ?? 'postgres'}`)
  address.username = user ?? ''
  address.password = String(password ?? '')
  address.searchParams.set('host', host ?? '')
  return address.href
}
