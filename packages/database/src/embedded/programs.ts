import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Place } from './place.js'

const exec = promisify(execFile)

export const MAX_CONNECTIONS = 120

// What must not be lost is not: fsync and synchronous_commit keep their defaults.
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  port: '5432',
  unix_socket_permissions: '0700',
  max_connections: String(MAX_CONNECTIONS),
  shared_buffers: '64MB',
  max_wal_size: '512MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  // What a process that was killed had asked for ends with it, also in the middle of a long statement.
  ...(process.platform === 'linux' ? { client_connection_check_interval: '500ms' } : {}),
  // A statement that fails is the caller's to tell of; here it would lay the text of messages into a file.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
  log_timezone: 'UTC',
  timezone: 'UTC',
  jit: 'off',
}

/** Each setting as the server's command line has it. */
export const settingArguments = (settings: Readonly<Record<string, string>>): string[] =>
  Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`])

/** Makes an empty cluster with a superuser `postgres`, not yet written through to the disk: see `syncToDisk`. */
export async function initdb({ programs, account, env }: Place, data: string, passwordFile: string): Promise<void> {
  const options = [
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--auth=scram-sha-256',
    '--no-instructions',
  ]
  await exec(`${programs}/initdb`, ['-D', data, '-U', 'postgres', `--pwfile=${passwordFile}`, '--no-sync', ...options], {
    env,
    cwd: '/',
    ...account,
  })
}

export async function syncToDisk({ programs, account, env }: Place, data: string): Promise<void> {
  await exec(`${programs}/initdb`, ['--sync-only', '-D', data], { env, cwd: '/', ...account })
}

/** Starts the server in a session of its own: a Ctrl-C in the terminal is for this process, which then stops it in order. */
export function spawnServer(
  { programs, account, env, log }: Place,
  data: string,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const output = openSync(log, 'a', 0o600)
  try {
    return spawn(`${programs}/postgres`, ['-D', data, ...settingArguments(settings)], {
      stdio: ['ignore', output, output],
      env,
      detached: true,
      cwd: '/',
      ...account,
    })
  } finally {
    closeSync(output)
  }
}
