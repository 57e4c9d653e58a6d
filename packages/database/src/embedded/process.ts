import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** Whether a process runs; one that has ended and that nobody has reaped does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  // "pid (name) state …", where the name may hold anything.
  const stat = textOf(`/proc/${pid}/stat`)
  return stat === null || !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
}

/** A process's command line; null where the system does not tell. */
export function commandOf(pid: number): string | null {
  if (existsSync('/proc/self/cmdline')) return textOf(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? ''
  const { status, stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  return status === 0 ? stdout : null
}

/** Sends a signal to a process that may have ended meanwhile. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
