// A process that serves from a data folder until it is told to stop: node serve.mjs <data folder> [write]
// It tells what happens in lines of JSON. With "write" it writes rows and names each that was acknowledged.
import { createHash } from 'node:crypto'
import { startDatabase } from '../../dist/start.js'

const [dataDir, mode] = process.argv.slice(2)
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
const said = (level) => (details, message) => say({ log: level, message, ...details })
const sql = 'create table counter (name text primary key, value int not null);'

try {
  const started = performance.now()
  const database = await startDatabase({
    dataDir,
    databaseUrl: process.env.TEST_DATABASE_URL ?? null,
    services: ['left'],
    secret: Buffer.alloc(32, 'the programs of the tests'),
    log: { info: said('info'), warn: said('warn'), error: said('error') },
    history: () => [
      { name: '20260101000000_init', sql, checksum: createHash('sha256').update(sql).digest('hex') },
      ...(process.env.TEST_MIGRATION
        ? [
            {
              name: '20260102000000_more',
              sql: process.env.TEST_MIGRATION,
              checksum: createHash('sha256').update(process.env.TEST_MIGRATION).digest('hex'),
            },
          ]
        : []),
    ],
  })
  const left = database.service('left')
  const ms = Math.round(performance.now() - started)

  let stopping = false
  async function write(_, writer) {
    for (let at = 0; !stopping; at += 1) {
      const name = `${process.pid}-${writer}-${at}`
      await left
        .transaction((tx) => tx.query('insert into counter values ($1, $2)', [name, at]))
        .then(
          () => say({ written: name }),
          (error) => say({ refused: error.code ?? error.message }),
        )
    }
  }
  const alive = setInterval(() => {}, 1_000)
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, async () => {
      stopping = true
      await writing
      const rows = await left.query('select count(*)::int as rows from counter')
      await database.close()
      clearInterval(alive)
      say({ closed: rows[0] })
    })
  say({ ready: database.info, ms })
  const writing = mode === 'write' ? Promise.all(Array.from({ length: 8 }, write)) : null
} catch (error) {
  say({ failed: { name: error.name, message: error.message } })
  process.exitCode = 1
}
