import { type ParseArgsConfig, parseArgs } from 'node:util'
import { StartError } from '@ashlar/kit/process-life'

/** What stands behind a command. @throws StartError with how it is used, for what it does not understand */
export function readCommandLine<const Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
  usage: string,
): ReturnType<typeof parseArgs<{ args: string[]; options: Options; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw misused((error as Error).message, usage)
  }
}

/** A command that is not understood. */
export const misused = (reason: string, usage: string): StartError => new StartError(`${reason}\n\n${usage}`)
