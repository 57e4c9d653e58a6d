import { spawn } from 'node:child_process'
import { readdir, readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { signal } from './signal.js'

/**
 * A process that outlives the one which runs a house, however that ends: it then ends everything that was started on the house's folder and
 * removes the folder. Without it a run that is killed would leave PostgreSQL and NATS behind, and whoever was stopped, for ever.
 */
export interface Guardian {
  readonly pid: number
  /** Nothing is left to be looked after. */
  dismiss(): void
}

/** How the guardian's own process is called. */
const AS_PROGRAM = '--guard'

/** @param folder made by `mkdtemp`, so that its name stands for nobody else */
export function guard(folder: string): Guardian {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../dist/guardian.js', import.meta.url)), folder, AS_PROGRAM], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: true,
    env: {},
  })
  child.on('error', () => {})
  child.unref()
  child.channel?.unref()
  return { pid: child.pid ?? 0, dismiss: () => void child.kill('SIGKILL') }
}

/** The processes whose command line or environment names a folder; none where the machine does not tell. */
export async function processesOn(folder: string): Promise<number[]> {
  const all = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const found = await Promise.all(
    all.map(async (pid) => {
      const texts = await Promise.all(['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => '')))
      return texts.some((text) => text.includes(folder)) ? [Number(pid)] : []
    }),
  )
  return found.flat()
}

async function clearAway(folder: string): Promise<void> {
  // Where PostgreSQL may not go into the folder its data are elsewhere, and this says where.
  const elsewhere = (await readFile(`${folder}/postgres-is-in`, 'utf8').catch(() => '')).trim()
  for (const each of [folder, elsewhere].filter(Boolean)) {
    for (const pid of await processesOn(each)) signal(pid, 'SIGKILL')
    await rm(each, { recursive: true, force: true })
  }
}

const [, , folder, way] = process.argv
if (folder && way === AS_PROGRAM) {
  // Ctrl-C in the terminal is for the run, which stops in order first.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {})
  if (process.connected) process.once('disconnect', () => void clearAway(folder))
  else await clearAway(folder)
}
