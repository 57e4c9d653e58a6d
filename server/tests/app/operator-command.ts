import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const built = (name: string) => fileURLToPath(new URL(`../../dist/operator/${name}-main.js`, import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command of the operator's as a process of its own, with nobody at its terminal. */
export function runCommand(name: 'consumers' | 'new-epoch', args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  return ended(spawn(process.execPath, [built(name), ...args], { env: surroundings(env), stdio: ['ignore', 'pipe', 'pipe'] }))
}

/** The same at a terminal, which `script` of util-linux plays: what it prints is all in `stdout`, and `typed` is what is answered. */
export function runAtTerminal(
  name: 'consumers' | 'new-epoch',
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  typed: string,
): Promise<Ran> {
  const command = [process.execPath, built(name), ...args].map((part) => `'${part}'`).join(' ')
  const child = spawn('script', ['-qec', command, '/dev/null'], { env: surroundings(env), stdio: ['pipe', 'pipe', 'pipe'] })
  let seen = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (seen.includes('[y/N]')) return
    seen += text
    if (seen.includes('[y/N]')) child.stdin.write(typed)
  })
  return ended(child)
}

function surroundings(env: Readonly<Record<string, string>>): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env
  return { PATH, HOME, ...env }
}

function ended(child: ChildProcess): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve({ code, stdout, stderr }))
  })
}
