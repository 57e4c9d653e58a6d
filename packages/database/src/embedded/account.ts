import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { EmbeddedPostgresError } from './failure.js'

/** Whom PostgreSQL runs as where this process is root, as which it refuses to run. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

const NAME = 'ashlar-postgres'

/** null where this process is not root, and PostgreSQL simply runs as the same user. */
export function postgresAccount(): Account | null {
  if (process.getuid?.() !== 0) return null
  const account = find(NAME) ?? create() ?? find('nobody')
  if (!account)
    throw new EmbeddedPostgresError(
      `PostgreSQL refuses to run as root, and no user ${NAME} could be made. Make one, start as another user, or set DATABASE_URL.`,
    )
  return account
}

/** Whose data these are: PostgreSQL serves nobody else's, also where an ordinary user made them and root starts on them. */
export async function ownerOf(data: string): Promise<Account | null> {
  const found = await stat(data).catch(() => null)
  return found && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : null
}

function find(name: string): Account | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : null
}

// Debian's and Red Hat's tool, then BusyBox's. A shell of su has no sbin in its path.
function create(): Account | null {
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` }
  const options = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin']
  spawnSync('useradd', [...options, NAME], { env })
  if (!find(NAME)) spawnSync('adduser', ['-S', '-D', '-H', NAME], { env })
  return find(NAME)
}

/** Whether the account may enter a folder; asked by trying, since modes alone do not tell. */
export const mayEnter = (account: Account, folder: string): boolean =>
  spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...account, cwd: '/' }).status === 0

/** Whether the account may read and run a program, with all that leads to it. */
export const mayRun = (account: Account, program: string, env: NodeJS.ProcessEnv): boolean =>
  spawnSync(program, ['--version'], { ...account, env, cwd: '/' }).status === 0
