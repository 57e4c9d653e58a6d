import { prettyFactory } from 'pino-pretty'

const pretty = prettyFactory({ colorize: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname,service', singleLine: false })
const COLOURS = [36, 33, 35, 32, 34, 31]

/**
 * What a process has printed, as its starter prints it: in a terminal behind the process's name, for machines as a line of JSON that
 * names the process.
 */
export function printedLine(
  name: string,
  line: string,
  { forPeople, width }: { readonly forPeople: boolean; readonly width: number },
): string {
  const entry = entryOf(line)
  if (!forPeople) return `${JSON.stringify(entry ? { process: name, ...entry } : { process: name, msg: line })}\n`
  const colour = COLOURS[[...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % COLOURS.length]
  const text = entry ? pretty(entry).trimEnd() : line
  const prefix = `\u001b[${colour}m${name.padEnd(width)} │\u001b[39m `
  return text
    .split('\n')
    .map((each) => `${prefix}${each}\n`)
    .join('')
}

function entryOf(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return null
  }
}
