// Load on one gateway, and what it costs there.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const TICKS_A_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** Milliseconds that a process has spent on a processor, in all its threads (proc(5), `utime` and `stime`). */
function processorMs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [utime, stime] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return ((Number(utime) + Number(stime)) * 1_000) / TICKS_A_SECOND
}

/** One request. @param body the request's, as JSON */
export async function ask({ pool }, body) {
  const { statusCode, body: answer } = await pool.request({
    path: '/graphql',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  const text = await answer.text()
  if (statusCode !== 200) throw new Error(`answered with ${statusCode}: ${text.slice(0, 500)}`)
  return text
}

/**
 * As many requests as come through over all connections. `processorMs` is what one has cost the gateway's process: unlike requests a second
 * it hardly depends on what else runs on the machine.
 * @param bodies taken one after another
 * @param atLeast requests, however long they take
 */
export async function load(gateway, { bodies, connections, seconds, atLeast = 0 }) {
  const processorBefore = processorMs(gateway.pid)
  const begun = performance.now()
  const end = begun + seconds * 1_000
  let asked = 0
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end || asked < atLeast) {
        asked += 1
        await ask(gateway, bodies[asked % bodies.length])
      }
    }),
  )
  return { perSecond: asked / ((performance.now() - begun) / 1_000), processorMs: (processorMs(gateway.pid) - processorBefore) / asked }
}
