import chromium from '@sparticuz/chromium'
import { type Browser, chromium as playwright } from 'playwright-core'

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
    return await playwright.launch({ executablePath: await chromium.executablePath(), args: FLAGS })
  } catch (error) {
    const [reason] = String(error).split('\n')
    process.stderr.write(`The tests in a browser are skipped: Chromium does not run here (${reason}).\n`)
    return null
  }
}
