import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
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

function find(name: string): Account | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : null
}

// Debian's and Red Hat's tool, then BusyBox's.
function create(): Account | null {
  spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', NAME])
  if (!find(NAME)) spawnSync('adduser', ['-S', '-D', '-H', NAME])
  return find(NAME)
}

/** Whether the account may enter a folder; asked by trying, since modes alone do not tell. */
export const mayEnter = ({ uid, gid }: Account, folder: string): boolean =>
  spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { uid, gid, cwd: '/' }).status === 0
