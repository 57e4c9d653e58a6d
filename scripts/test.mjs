// npm test: installs and builds what is not yet, then runs every package's tests and says what passed.
// npm test -- users gateway -t 'sign': only these packages; --force: also what has not changed; the rest is handed on to jest.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { environment, prepare, root, turbo, workspaces } from './prepare.mjs'

const LOOK_EVERY_MS = 200

prepare()
const all = workspaces()
  .map(readPackage)
  .filter(({ tested }) => tested)
const { chosen, anew, forJest } = readArguments(process.argv.slice(2))
// A result of an earlier run must not be taken for one of this; turbo puts back those of what has not changed.
for (const { results } of chosen) rmSync(results, { force: true })

const width = Math.max(...chosen.map(({ folder }) => folder.length))
const total = { passed: 0, failed: 0, skipped: 0 }
const waiting = new Set(chosen)
let ended = false
const looking = setInterval(lookForResults, LOOK_EVERY_MS)
const status = await runTests()
ended = true
clearInterval(looking)
lookForResults()
for (const workspace of waiting) {
  total.failed += 1
  console.log(`✗ ${workspace.folder.padEnd(width)}  did not finish`)
  showOutput(workspace)
}

console.log(`\n${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}`)
process.exitCode = total.failed > 0 ? 1 : status

function readPackage(folder) {
  const { name, scripts = {} } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  return { folder, name, tested: 'test' in scripts, results: join(root, folder, 'test-results.json'), output: [], cached: null }
}

function readArguments(given) {
  const named = (argument) => {
    const words = argument.replace(/^--filter=/, '').replace(/\/$/, '')
    return all.find(({ folder, name }) => [folder, name, basename(folder)].includes(words))
  }
  const only = given.map(named).filter(Boolean)
  return {
    chosen: only.length > 0 ? [...new Set(only)] : all,
    anew: given.includes('--force'),
    forJest: given.filter((argument) => argument !== '--force' && !named(argument)),
  }
}

/** Resolves with turbo's exit status. A package at a time: jest itself uses all cores. */
function runTests() {
  const filters = chosen.map(({ name }) => `--filter=${name}`)
  const handedOn = forJest.length > 0 ? ['--', '--passWithNoTests', ...forJest] : []
  const options = ['--concurrency=1', '--continue', '--output-logs=full', '--log-order=stream', '--log-prefix=task', '--ui=stream']
  const [command, ...args] = turbo('test', ...options, ...(anew ? ['--force'] : []), ...filters, ...handedOn)
  // What passed under one Node, or as root, has not passed under another.
  const machine = [process.version, process.platform, process.arch, process.getuid?.() === 0 ? 'root' : 'user'].join(' ')
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, ASHLAR_TEST_MACHINE: machine },
  })
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', take)
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)))
}

// "<package>:<task>: <line>": a test's lines are kept for the case that it fails, a build's are its errors.
function take(line) {
  const [, name, task, words] = line.match(/^(\S+?):(test|build|codegen): ?(.*)$/) ?? []
  const workspace = chosen.find((each) => each.name === name)
  if (task === 'test' && workspace) {
    // Turbo's own line, which may come after the result of what it has put back.
    workspace.cached ??= /^cache (hit|miss|bypass)/.test(words) ? words.startsWith('cache hit') : null
    workspace.output.push(words)
  } else if (task && /error/i.test(words)) console.log(line)
}

function lookForResults() {
  for (const workspace of waiting) {
    if (workspace.cached === null && !ended) continue
    const results = readResults(workspace)
    if (!results) continue
    waiting.delete(workspace)
    report(workspace, results)
  }
}

function readResults({ results }) {
  if (!existsSync(results)) return null
  try {
    return JSON.parse(readFileSync(results, 'utf8'))
  } catch {
    // Half written: it is whole the next time.
    return null
  }
}

function report(workspace, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests, startTime, testResults }) {
  // A file that does not even load has no tests to fail, and is a failure all the same.
  const failed = numFailedTests + numRuntimeErrorTestSuites
  const seconds = ((Math.max(...testResults.map(({ endTime }) => endTime), startTime) - startTime) / 1000).toFixed(1)
  const counts = [
    `${numPassedTests} passed`.padStart(11),
    failed && `${failed} failed`,
    numPendingTests && `${numPendingTests} skipped`,
  ].filter(Boolean)
  console.log(
    `${failed ? '✗' : '✓'} ${workspace.folder.padEnd(width)}${counts.join(', ')}  (${workspace.cached ? 'unchanged since it passed' : `${seconds} s`})`,
  )
  if (failed) showOutput(workspace)
  total.passed += numPassedTests
  total.failed += failed
  total.skipped += numPendingTests
}

function showOutput({ output }) {
  console.log(output.map((line) => `    ${line}`).join('\n'))
}
