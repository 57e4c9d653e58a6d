import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './wait.js'

/** A data folder of a test's own, whose processes and files are cleared away at its end. */
export class DataFolder implements AsyncDisposable {
  readonly path: string

  private constructor(
    readonly parent: string,
    name: string,
  ) {
    this.path = join(parent, name)
  }

  static async make(name = 'data'): Promise<DataFolder> {
    return new DataFolder(await mkdtemp(join(tmpdir(), 'ashlar-database-')), name)
  }

  /** Where PostgreSQL's files are: here, or where the pointer says. */
  get home(): string {
    const pointer = join(this.path, 'postgres-is-in')
    return join(existsSync(pointer) ? readFileSync(pointer, 'utf8').trim() : this.path, 'postgres')
  }

  /** All processes of PostgreSQL that have to do with it: the server first, then what it has started. */
  processes(): number[] {
    const table = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((line) => line.match(/^\s*(\d+)\s+(\d+)\s+(.*)$/))
      .flatMap((match) => (match ? [{ pid: Number(match[1]), parent: Number(match[2]), command: match[3] ?? '' }] : []))
    const servers = table
      .filter(({ command }) => command.includes(`${this.home}/data`) && command.includes('postgres -D'))
      .map(({ pid }) => pid)
    return [...servers, ...table.filter(({ parent }) => servers.includes(parent)).map(({ pid }) => pid)]
  }

  kill(): void {
    for (const pid of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended by itself.
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill()
    await until('its processes are gone', () => this.processes().length === 0)
    const home = this.home
    if (!home.startsWith(this.parent)) await rm(join(home, '..'), { recursive: true, force: true })
    await rm(this.parent, { recursive: true, force: true })
  }
}
