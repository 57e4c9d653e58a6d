// Brings a clone to where it can run: dependencies installed, everything built. Needs nothing but Node and npm,
// and skips what has not changed since it was last done.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isInstalled, markInstalled } from './installed.mjs'
import { alone } from './one-at-a-time.mjs'

export const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = join(root, 'node_modules/.cache/ashlar/built')

/** Installs and builds what is not yet, everything or one workspace. Ends the process with a clear word where it can't. */
export function prepare({ only } = {}) {
  checkNode()
  if (!only && isInstalled(root) && isBuilt(sourcesNow())) return
  alone(root, () => {
    if (!isInstalled(root)) step('Installing dependencies', install)
    if (only) return buildOnly(only)
    // As they are before: what changes meanwhile is built the next time.
    const sources = sourcesNow()
    if (isBuilt(sources)) return
    step('Building', () => build())
    mkdirSync(dirname(stamp), { recursive: true })
    writeFileSync(stamp, JSON.stringify({ sources, outputs: outputs().filter((path) => existsSync(path)) }))
  })
}

/** Runs a command of the clone's own and returns its exit status. Its output is shown; quietly, only when it fails. */
export function run([command, ...args], { quietly = false, ...options } = {}) {
  const { status, error, signal, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    stdio: quietly ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    maxBuffer: OUTPUT_BYTES_MAX,
    env: environment,
    ...options,
  })
  if (error) fail(`${command}: ${error.message}`)
  if (status === 0 && !signal) return 0
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`)
  return status || 1
}

/** What the commands run with: nothing reports home, nothing asks for an update. */
export const environment = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' }

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

/** Turbo as it was installed, for `run`. */
export const turbo = (...args) => [process.execPath, join(root, 'node_modules/turbo/bin/turbo'), 'run', ...args]

export function fail(words) {
  console.error(`\n✗ ${words}`)
  process.exit(1)
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) fail(`Ashlar needs Node 20.19 or newer; this is ${process.versions.node}.`)
}

function install() {
  // `ci` takes everything away first, also from under what runs: only where nothing whole is there.
  const whole = existsSync(join(root, 'node_modules/.package-lock.json'))
  const status = npm([...(whole ? ['install', '--no-save'] : ['ci']), '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
  if (status === 0) markInstalled(root)
  return status
}

// The npm that runs this script, where one does.
const npm = (args) => {
  const { npm_execpath: path } = process.env
  return run(path && /npm-cli\.c?js$/.test(path) ? [process.execPath, path, ...args] : ['npm', ...args], {
    shell: !path && process.platform === 'win32',
  })
}

const build = (...options) => run(turbo('build', '--output-logs=errors-only', '--log-order=grouped', ...options), { quietly: true })

function buildOnly(workspace) {
  if (build(`--filter=${workspace}`) !== 0) fail(`Building ${workspace} failed; the lines above say why.`)
}

function step(words, work) {
  const started = performance.now()
  // Not on stdout, which is for what a command has to say.
  process.stderr.write(`▸ ${words} …\n`)
  if (work() !== 0) fail(`${words} failed; the lines above say why.`)
  process.stderr.write(`✓ ${words}: ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
}

/** The folders of all workspaces, in package.json's order. */
export function workspaces() {
  const { workspaces: patterns } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return patterns
    .flatMap((pattern) => {
      if (!pattern.endsWith('/*')) return [pattern]
      const parent = pattern.slice(0, -2)
      return existsSync(join(root, parent))
        ? readdirSync(join(root, parent), { withFileTypes: true }).flatMap((entry) =>
            entry.isDirectory() ? [`${parent}/${entry.name}`] : [],
          )
        : []
    })
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .sort()
}

const NOT_SOURCES = new Set(['node_modules', 'dist', 'generated', 'tests', '.turbo'])

// By size and time of change: reading every file would take longer than it saves.
function sourcesNow() {
  const hash = createHash('sha256').update(process.version)
  const add = (path) => {
    const { size, mtimeMs } = statSync(path)
    hash.update(`${path}\0${size}\0${mtimeMs}\n`)
  }
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) NOT_SOURCES.has(entry.name) || walk(path)
      else if (entry.isFile() && entry.name !== 'test-results.json' && path !== join(root, 'prisma/schema.prisma')) add(path)
    }
  }
  const files = [
    'package-lock.json',
    'codegen.yml',
    'turbo.json',
    'tsconfig.build.json',
    'scripts/codegen.mjs',
    'scripts/prisma-schema.mjs',
  ]
  for (const file of files) add(join(root, file))
  for (const folder of [...workspaces(), 'prisma']) walk(join(root, folder))
  return hash.digest('hex')
}

/** Whether these sources were built, and what came of them is still there. */
function isBuilt(sources) {
  try {
    const built = JSON.parse(readFileSync(stamp, 'utf8'))
    return built.sources === sources && built.outputs.every((path) => existsSync(path))
  } catch {
    // Not there, or not whole.
    return false
  }
}

const outputs = () => workspaces().flatMap((folder) => [join(root, folder, 'dist'), join(root, folder, 'src/generated')])
