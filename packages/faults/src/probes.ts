import type { ManagedProcess } from '@ashlar/server/distributed/managed-process'
import { ask } from './client.js'
import type { Target } from './house.js'

/** What each service is for, asked as nobody. */
const FIELDS: Readonly<Record<string, string>> = {
  users: 'userByUsername(username: "owner") { id }',
  posts: 'posts(first: 1) { nodes { id } }',
  helloworld: 'hello { text }',
}
const PROBE_MS = 5_000
const EVERYTHING = `{ ${Object.values(FIELDS).join(' ')} }`

/** A process that is well when both gateways answer what it is for; a gateway, when it answers by itself. */
export function targetOfProcess(process: ManagedProcess, urls: readonly string[]): Target {
  const { name } = process
  const gateway = /^gateway (\d)$/.exec(name)?.[1]
  const asked = gateway ? urls.slice(Number(gateway) - 1, Number(gateway)) : urls
  const query = gateway ? EVERYTHING : `{ ${FIELDS[name] ?? '__typename'} }`
  return { name, pid: () => process.pid, answers: () => areAnswered(asked, query) }
}

/** Whether every service is answered for at each gateway. */
export const isAllAnswered = (urls: readonly string[]): Promise<boolean> => areAnswered(urls, EVERYTHING)

const areAnswered = async (urls: readonly string[], query: string): Promise<boolean> =>
  (await Promise.all(urls.map((url) => isAnswered(url, query)))).every(Boolean)

/** Whether an operation is answered whole. */
const isAnswered = (url: string, query: string): Promise<boolean> =>
  ask(url, query, {}, { limitMs: PROBE_MS }).then(
    ({ data }) => data !== null,
    () => false,
  )
