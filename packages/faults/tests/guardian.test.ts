import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { until } from '@ashlar/kit/testing/until'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { processesOn } from '../src/guardian.js'

const GUARDIAN = fileURLToPath(new URL('../dist/guardian.js', import.meta.url))
/** A run with a process that is stopped and would never end by itself; it says when both are there. */
const RUN = `
  const { spawn } = require('node:child_process')
  import(process.argv[1]).then(({ guard }) => {
    const folder = process.argv[2]
    guard(folder)
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', folder], { stdio: 'ignore', detached: true })
    child.once('spawn', () => {
      child.kill('SIGSTOP')
      console.log('ready')
    })
  })`

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-faults-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a run that is killed', () => {
  it('leaves no process and no folder behind, not what it had stopped either', async () => {
    const run = spawn(process.execPath, ['-e', RUN, GUARDIAN, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(createInterface(run.stdout), 'line')
    // The run itself, its guardian, and the process.
    await until(async () => (await processesOn(folder)).length === 3)
    run.kill('SIGKILL')
    await until(async () => (await processesOn(folder)).length === 0, 20_000)
    expect(existsSync(folder)).toBe(false)
  })
})
