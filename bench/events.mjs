// The event log against plain inserts of the same rows, in one run on one embedded PostgreSQL: events written and positioned a second,
// and what telling of a change adds to its commit. Usage, from bench/: node events.mjs [seconds]. Needs a built clone.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDatabase } from '@ashlar/database/start'
import { memoryBus } from '@ashlar/kit/events/bus'
import { EventLog } from '@ashlar/kit/events/event-log'
import { silentLog } from '@ashlar/kit/log'

const seconds = Number(process.argv[2] ?? 5)
const WRITERS = 16
const BATCHES = [1, 10, 100]

const dataDir = mkdtempSync(join(tmpdir(), 'ashlar-bench-'))
const log = silentLog()
const database = await startDatabase({ dataDir, secret: Buffer.alloc(32), services: ['bench'], log })
const db = database.service('bench')
const events = new EventLog(db, memoryBus(), log)
const PLAIN = `insert into idempotency_key (actor, field, key, input_hash) values ($1, $2, gen_random_uuid()::text, '\\x00')`

try {
  await rate(() => db.sqlTransaction(plain(1)), 1)
  for (const size of BATCHES) {
    const inserted = await rate(() => db.sqlTransaction(plain(size)), size)
    const before = (await events.ends()).last.position
    const started = performance.now()
    const appended = await rate(() => db.sqlTransaction(told(size)), size)
    await events.settle()
    const positioned = ((await events.ends()).last.position - before) / ((performance.now() - started) / 1_000)
    console.log(
      `${String(size).padStart(3)} a transaction, ${WRITERS} writers: plain ${Math.round(inserted)}/s, appended ${Math.round(appended)}/s, ` +
        `positioned ${Math.round(positioned)}/s, ratio ${(positioned / inserted).toFixed(2)}`,
    )
  }
  const without = await latency(() => db.sqlTransaction(plain(1)))
  const withEvent = await latency(() =>
    db.sqlTransaction(async (sql) => {
      await plain(1)(sql)
      await told(1)(sql)
    }),
  )
  console.log(
    `one commit, one at a time: ${without.toFixed(2)} ms, with an event ${withEvent.toFixed(2)} ms, ${(withEvent - without).toFixed(2)} ms more`,
  )
} finally {
  await events.close()
  await database.close()
  rmSync(dataDir, { recursive: true, force: true })
}

function plain(size) {
  return async (sql) => {
    for (let n = 0; n < size; n += 1) await sql.query(PLAIN, ['bench', 'insert'])
  }
}

function told(size) {
  return async (sql) => {
    for (let n = 0; n < size; n += 1) await events.append(sql, { topic: `topic ${n % 10}`, type: 'told', data: { n } })
  }
}

async function rate(work, size) {
  const until = performance.now() + seconds * 1_000
  let done = 0
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      while (performance.now() < until) {
        await work()
        done += size
      }
    }),
  )
  return done / seconds
}

async function latency(work) {
  const times = []
  const until = performance.now() + seconds * 1_000
  while (performance.now() < until) {
    const started = performance.now()
    await work()
    times.push(performance.now() - started)
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]
}
