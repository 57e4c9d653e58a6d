// The PostgreSQL of one run of the tests: where it lies, and how it ends. The first test that wants it starts it
// (src/testing/test-server.ts), so that tests without a database don't wait for one.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const PREFIX = 'ashlar-tests-'
const STOP_MS = 10_000

/** A folder for this run's server, named to the workers by the environment. */
export async function openFolder() {
  await sweep()
  const folder = await mkdtemp(join(tmpdir(), PREFIX))
  await writeFile(join(folder, 'run-by'), String(process.pid))
  process.env.ASHLAR_TEST_SERVER = folder
}

/** Stops the server, where one was started, and clears the folder away. */
export async function closeFolder(folder) {
  const { pid, home } = read(join(folder, 'server.json')) ?? {}
  if (pid) {
    await end(pid)
    await rm(home, { recursive: true, force: true })
  }
  await rm(folder, { recursive: true, force: true })
}

// What a run that was killed has left behind.
async function sweep() {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue
    const folder = join(tmpdir(), name)
    const owner = read(join(folder, 'run-by'))
    if (owner && !isAlive(owner)) await closeFolder(folder).catch(() => {})
  }
}

// At once, without writing anything through: nobody wants these data any more.
async function end(pid) {
  if (!isPostgres(pid)) return
  signal(pid, 'SIGQUIT')
  for (const until = Date.now() + STOP_MS; isAlive(pid) && Date.now() < until; ) await delay(10)
  if (isAlive(pid)) signal(pid, 'SIGKILL')
}

// The number of a process comes again: /proc, where there is one, tells whose it is now.
const isPostgres = (pid) => isAlive(pid) && (!existsSync('/proc/self') || (textOf(`/proc/${pid}/cmdline`) ?? '').includes('postgres'))

const read = (file) => JSON.parse(textOf(file) ?? 'null')

function textOf(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function signal(pid, name) {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}
