import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, sep } from 'node:path'
import { until } from '@ashlar/kit/testing/until'

const LEFT_OUT = new Set(['node_modules', '.git', '.turbo', '.ashlar', 'coverage'])
const READY_MS = 60_000

/** A copy of the project, built as it is, to be changed by a test. */
export interface Clone extends AsyncDisposable {
  readonly folder: string
  /** What `npm install` does for a workspace that is new. */
  link(workspace: string): Promise<void>
  /** Runs one of the project's programs to its end. @throws Error with what it printed, where it fails */
  run(args: readonly string[], options?: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> }): Promise<void>
  /** Starts the copy's own server, until it is ready. */
  start(env: Readonly<Record<string, string>>): Promise<void>
}

export async function clone(root: string): Promise<Clone> {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-clone-'))
  await cp(root, folder, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) })
  await linkModules(root, folder)
  const children = new Set<ChildProcess>()
  const begin = (args: readonly string[], cwd: string, env: Readonly<Record<string, string>>) => {
    const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    children.add(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    return { child, output: () => output }
  }
  const ended = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null
  return {
    folder,
    link: (workspace) => symlink(join('../..', workspace), join(folder, 'node_modules/@ashlar', basename(workspace))),
    async run(args, { cwd = '.', env = {} } = {}) {
      const { child, output } = begin(args, join(folder, cwd), env)
      await new Promise((resolve) => child.once('close', resolve))
      if (child.exitCode !== 0) throw new Error(`${args.join(' ')} failed:\n${output()}`)
    },
    async start(env) {
      const { child, output } = begin(['server/dist/main.js'], folder, env)
      await until(() => ended(child) || output().includes('is ready'), READY_MS)
      if (ended(child)) throw new Error(`it ended at once:\n${output()}`)
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGTERM')
      await until(() => [...children].every(ended), READY_MS)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The original's packages, but for the project's own, which are the copy's. */
async function linkModules(root: string, folder: string): Promise<void> {
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, '@ashlar'), { recursive: true })
  for (const name of await readdir(join(root, 'node_modules')))
    if (name !== '@ashlar' && name !== '.cache') await symlink(join(root, 'node_modules', name), join(modules, name))
  for (const workspace of await workspacesOf(root)) {
    await symlink(join('../..', workspace), join(modules, '@ashlar', basename(workspace)))
    // What a workspace has of its own where it wants another version than the others.
    await symlink(join(root, workspace, 'node_modules'), join(folder, workspace, 'node_modules'))
  }
}

async function workspacesOf(root: string): Promise<string[]> {
  const inside = await Promise.all(
    ['packages', 'subgraphs'].map(async (parent) => (await readdir(join(root, parent))).map((name) => parent + sep + name)),
  )
  return [...inside.flat(), 'gateway', 'server', 'console']
}
