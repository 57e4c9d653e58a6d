import { createInterface } from 'node:readline'
import { StartError } from '@ashlar/kit/process-life'

export interface ConfirmOptions {
  /** Whether it was said beforehand. */
  readonly yes: boolean
  readonly signal: AbortSignal
}

/** Asks whoever sits there; nothing but a yes is one. @throws StartError where nobody does, and it was not said beforehand */
export async function confirm(question: string, { yes, signal }: ConfirmOptions): Promise<boolean> {
  if (yes) return true
  if (!process.stdin.isTTY) throw new StartError('Nobody can be asked here: say --yes to have it done.')
  // Without line editing of its own, so that Ctrl-C stays the signal that it is.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  process.stderr.write(`${question} [y/N] `)
  try {
    const answer = await new Promise<string>((resolve) => {
      lines.once('line', resolve)
      lines.once('close', () => resolve(''))
      signal.addEventListener('abort', () => resolve(''), { once: true })
    })
    signal.throwIfAborted()
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}
