// Two terminals, `npm start` in one and `npm test` in the other: one installs and builds, the other waits for it.
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

const LOOK_AGAIN_MS = 200
const WRITTEN_WITHIN_MS = 5_000

/** Runs `work` while no other process of this user runs one for the same clone. */
export function alone(root, work) {
  const name = createHash('sha256').update(`${root} ${userInfo().uid}`).digest('hex').slice(0, 16)
  const lock = join(tmpdir(), `ashlar-prepare-${name}`)
  for (let said = false; !take(lock); said = true) {
    if (!said) process.stderr.write('▸ Another process prepares this clone: waiting for it …\n')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS)
  }
  const release = () => rmSync(lock, { force: true })
  process.once('exit', release)
  work()
  process.off('exit', release)
  release()
}

function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    if (!isStale(lock)) return false
    rmSync(lock, { force: true })
    return take(lock)
  }
}

// Its process is gone, or was before it had written its number.
function isStale(lock) {
  try {
    const pid = Number(readFileSync(lock, 'utf8'))
    return pid > 0 ? !isRunning(pid) : Date.now() - statSync(lock).mtimeMs > WRITTEN_WITHIN_MS
  } catch {
    return false
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
