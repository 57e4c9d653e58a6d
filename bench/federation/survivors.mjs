// What of a request outlives it: by how much the old generation of a gateway has grown for each, after the young one was collected and before
// the old one is. With nothing on its way that is what something old points at, and holds until then: it is copied twice for nothing, which
// was once half of what a request costs. Usage, from bench/: node federation/survivors.mjs [requests]. Needs a built clone.
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getHeapSpaceStatistics } from 'node:v8'
import { readSettings } from '@ashlar/gateway/standalone/settings'
import { startStandalone } from '@ashlar/gateway/standalone/start'
import { createLog } from '@ashlar/kit/log'
import { Pool } from 'undici'
import { screenOf, supergraphOf } from './town.mjs'

const BODY = JSON.stringify(screenOf(0))

if (process.env.ROLE === 'gateway') await gateway()
else await measure(Number(process.argv[2] ?? 200))

/** Answers each message with the size of its old generation, once the young one is empty. */
async function gateway() {
  const { url } = await startStandalone(
    readSettings(['--supergraph', process.env.SUPERGRAPH, '--port', '0', '--keep', '']),
    createLog('warn', process.stderr),
  )
  process.on('message', (word) => {
    for (let round = 0; round < 3; round += 1) globalThis.gc(word === 'all' ? undefined : { type: 'minor' })
    process.send(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space').space_used_size)
  })
  process.on('disconnect', () => process.exit())
  process.send(url)
}

async function measure(requests) {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-bench-'))
  const said = (child) => new Promise((resolve) => child.once('message', resolve))
  const services = fork(fileURLToPath(new URL('services.mjs', import.meta.url)))
  const SUPERGRAPH = join(folder, 'supergraph.graphql')
  writeFileSync(SUPERGRAPH, supergraphOf(await said(services)))
  const env = { ...process.env, ROLE: 'gateway', SUPERGRAPH, NODE_ENV: 'production' }
  const child = fork(fileURLToPath(import.meta.url), { execArgv: ['--expose-gc', '--max-semi-space-size=64'], env })
  const pool = new Pool(await said(child), { connections: 1 })
  const ask = async (count) => {
    for (let at = 0; at < count; at += 1) {
      const { body } = await pool.request({ path: '/graphql', method: 'POST', headers: { 'content-type': 'application/json' }, body: BODY })
      await body.text()
    }
  }
  const size = (word) => {
    child.send(word)
    return said(child)
  }
  await ask(requests)
  await size('all')
  const before = await size('young')
  // A few at a time, so that nothing is there to be collected but what they left.
  for (let at = 0; at < requests; at += 10) {
    await ask(10)
    await size('young')
  }
  const after = await size('young')
  const { length } = BODY
  console.log(
    `${((after - before) / requests / 1024).toFixed(1)} KiB of each request outlive it (${requests} requests of ${length} characters)`,
  )
  rmSync(folder, { recursive: true, force: true })
  process.exit()
}
