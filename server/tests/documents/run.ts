import { spawn } from 'node:child_process'
import type { Block } from './blocks.js'

export interface Ran {
  readonly exitCode: number | null
  /** What each block printed; fewer where one of them failed. */
  readonly printed: readonly string[]
  readonly complaints: string
}

const MARK = '-- end of the block --'

/** Runs blocks one after another in one shell, so that a later one has the variables of an earlier one; the first failure ends it. */
export async function run(blocks: readonly Block[], cwd: string, replace: (script: string) => string): Promise<Ran> {
  const script = blocks.map((block) => `${replace(asShell(block))}\nprintf '\\n%s\\n' '${MARK}'\n`).join('')
  const shell = spawn('sh', ['-e'], { cwd, env: { ...process.env, NODE_NO_WARNINGS: '1' }, stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  let complaints = ''
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  shell.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  shell.stdin.end(script)
  const exitCode = await new Promise<number | null>((resolve, reject) => shell.once('error', reject).once('close', resolve))
  return { exitCode, printed: output.split(`\n${MARK}\n`).slice(0, -1), complaints }
}

const asShell = ({ language, script }: Block): string =>
  language === 'sh' ? script : `node --input-type=module <<'END_OF_SCRIPT'\n${script}END_OF_SCRIPT`
