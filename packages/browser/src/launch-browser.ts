import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium as playwright } from 'playwright-core'

export type { Browser, BrowserContext, Page } from 'playwright-core'

/** Quiet and closed in: a test's browser talks to the instance under test and to nobody else. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A headless browser; null, with the reason on stderr, where this machine can't run one (another processor, libraries missing). */
export async function launchBrowser(): Promise<Browser | null> {
  try {
    return await playwright.launch({ executablePath: await unpack(), args: FLAGS })
  } catch (error) {
    const [reason] = String(error).split('\n')
    process.stderr.write(`The tests in a browser are skipped: Chromium does not run here (${reason}).\n`)
    return null
  }
}

const UNPACK = `import chromium from '@sparticuz/chromium'; process.stdout.write(await chromium.executablePath())`

/**
 * Unpacks into the folder for temporary files: into one of this user's own there, since what another user has left can't be run. In a
 * process of its own, because a test's environment is not the one that the folder is read from.
 */
async function unpack(): Promise<string> {
  const own = join(tmpdir(), `ashlar-chromium-${userInfo().uid}`)
  mkdirSync(own, { recursive: true, mode: 0o700 })
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', UNPACK], {
    cwd: import.meta.dirname,
    env: { ...process.env, TMPDIR: own, NODE_OPTIONS: '' },
  })
  return stdout
}
