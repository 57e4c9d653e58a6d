import { relative } from 'node:path'
import type { Settings } from '@ashlar/kit/config'
import type { Terminal } from '@ashlar/kit/process-life'
import type { Distributed } from './distributed/start-distributed.js'
import type { App } from './start.js'

type Style = (text: string) => string

const styles = (colours: boolean): { bold: Style; dim: Style; green: Style; red: Style } => {
  const style =
    (from: number, to: number): Style =>
    (text) =>
      colours ? `\u001b[${from}m${text}\u001b[${to}m` : text
  return { bold: style(1, 22), dim: style(2, 22), green: style(32, 39), red: style(31, 39) }
}

/** What whoever started it wants to know: where it is, how to become its owner, where things are kept. */
export function announceReady({ url, config, database, services, ownerLink }: App, startedMs: number, { colours, write }: Terminal): void {
  const { bold, dim, green } = styles(colours)
  const line = (label: string, text: string) => write(`  ${dim(label.padEnd(10))}${text}\n`)
  const graph = new URL('/graphql', config.publicUrl).href
  write(`\n  ${bold('Ashlar')} ${green('is ready')} ${dim(`in ${(startedMs / 1_000).toFixed(1)} s`)}\n\n`)
  line('Graph', bold(graph))
  if (!config.publicUrl.href.startsWith(url)) line('', dim(`listening on ${url}`))
  line('Services', services.join(', '))
  const data = database.embedded ? `in ${folderOf(config.dataDir)}` : `at ${database.address}`
  line('Data', `PostgreSQL ${database.version} ${data}`)
  line('Mail', config.smtpUrl ? `to ${new URL(config.smtpUrl).host}` : `into ${folderOf(config.dataDir)}/mail (SMTP_URL sends it)`)
  if (config.demo) line('Demo', 'sign in as mara, tomas, aiko … with the password demo-ashlar')
  if (ownerLink) {
    write(`\n  ${bold('Make it yours')}: this link creates the owner, once, within 24 hours\n`)
    write(`  ${green(ownerLink)}\n`)
  }
  write(`\n  ${dim('Ctrl-C stops it.')}\n\n`)
}

/** The same where everything is a process of its own. */
export function announceDistributed(
  { urls, serviceUrls, greetings, processes, database, bus, settings }: Distributed & { readonly settings: Settings },
  startedMs: number,
  { colours, write }: Terminal,
): void {
  const { bold, dim, green } = styles(colours)
  const line = (label: string, text: string) => write(`  ${dim(label.padEnd(10))}${text}\n`)
  write(`\n  ${bold('Ashlar')} ${green('is ready')} ${dim(`as ${processes.length} processes, in ${(startedMs / 1_000).toFixed(1)} s`)}\n\n`)
  line('Graph', bold(new URL('/graphql', settings.publicUrl).href))
  for (const url of urls) line('', dim(`gateway on ${url}`))
  line('Processes', processes.map(({ name, pid }) => `${name} ${dim(`(${pid})`)}`).join(', '))
  if (settings.metricsToken) for (const [name, url] of serviceUrls) line('', dim(`metrics of ${name} on ${url}/metrics`))
  line('Data', database.embedded ? `PostgreSQL in ${folderOf(settings.dataDir)}` : 'PostgreSQL at DATABASE_URL')
  line('Events', BUS_WORDS[bus])
  if (settings.demo) line('Demo', 'sign in as mara, tomas, aiko … with the password demo-ashlar')
  for (const greeting of greetings) {
    const [words = '', link = ''] = greeting.split('\n')
    write(`\n  ${bold(words)}\n  ${green(link)}\n`)
  }
  write(`\n  ${dim('Ctrl-C stops them all.')}\n\n`)
}

const BUS_WORDS = {
  NATS: 'over NATS at NATS_URL',
  'its own NATS': 'over a NATS of its own, on loopback',
  none: 'without NATS: others hear of what happens within 2 s (install nats-server for less)',
} as const

const folderOf = (path: string): string => {
  const short = relative(process.cwd(), path)
  return short === '' || short.startsWith('..') ? path : short
}
