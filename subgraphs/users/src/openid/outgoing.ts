import { lookup as resolve } from 'node:dns'
import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { BlockList, isIP, isIPv4, isIPv6, type LookupFunction } from 'node:net'

const TIME_MS = 8_000
const ANSWER_BYTES_MAX = 512 * 1024

/** IANA's special-purpose registries, and multicast: what is not the public Internet. */
const RESERVED_V4 =
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3'
/** The public Internet of IPv6 is 2000::/3; of that, these are not it: Teredo and the like, documentation, 6to4. */
const RESERVED_V6 = '::/3 4000::/2 8000::/1 2001::/23 2001:db8::/32 2002::/16 3fff::/20'

// A list each: in one list an IPv4 address would be looked for among the IPv6 ranges as well, as a mapped one.
const reservedV4 = listOf(RESERVED_V4, 'ipv4')
const reservedV6 = listOf(RESERVED_V6, 'ipv6')

function listOf(ranges: string, family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList()
  for (const range of ranges.split(' ')) {
    const [network = '', prefix = ''] = range.split('/')
    list.addSubnet(network, Number(prefix), family)
  }
  return list
}

/** There is no answer: the host can't be reached or may not be asked, or what it sends takes too long or is too long. */
export class NoAnswer extends Error {
  override name = 'NoAnswer'
}

/** Whether an address is no host of the public Internet: private, reserved, mapped (`::ffff:`) or NAT64 (`64:ff9b::`). */
export function isPrivateAddress(address: string): boolean {
  // A zone (`fe80::1%eth0`) is no part of the address, and only what is link-local has one.
  const [bare = ''] = address.split('%')
  if (isIPv6(bare)) return reservedV6.check(bare, 'ipv6')
  return !isIPv4(bare) || reservedV4.check(bare, 'ipv4')
}

export interface Outgoing {
  readonly method?: string | undefined
  readonly headers?: Record<string, string> | undefined
  readonly body?: string | Uint8Array | null | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes one request, bounded in time and size, without following redirects. The address that was checked is the one that is
 * connected to, so that a name can't mean another host the second time (DNS rebinding).
 * @param trusted hosts that may be private, since the operator named them.
 * @throws NoAnswer
 */
export async function requestOutside(
  address: string | URL,
  outgoing: Outgoing,
  trusted: ReadonlySet<string>,
  timeMs = TIME_MS,
): Promise<Response> {
  const url = new URL(address)
  try {
    return await request(url, outgoing, trusted.has(bareHost(url)), timeMs)
  } catch (error) {
    throw error instanceof NoAnswer ? error : new NoAnswer(`no answer from ${url.host}`, { cause: error })
  }
}

async function request(url: URL, { method = 'GET', headers = {}, body, signal }: Outgoing, mayBePrivate: boolean, timeMs: number) {
  const host = bareHost(url)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new NoAnswer(`${url.protocol} is not asked`)
  // Only names are looked up: what is an address already is checked here.
  if (!mayBePrivate && isIP(host) && isPrivateAddress(host)) throw refusal(host)
  const open = url.protocol === 'https:' ? requestTls : requestPlain
  const answer = await sent(
    open(url, {
      method,
      headers,
      signal: AbortSignal.any([AbortSignal.timeout(timeMs), ...(signal ? [signal] : [])]),
      agent: false,
      ...(!mayBePrivate && { lookup: lookupPublic }),
    }),
    body,
  )
  const status = answer.statusCode ?? 0
  const text = await readBounded(answer)
  // The Fetch standard's null body statuses: a Response refuses even an empty body with them.
  return new Response([101, 204, 205, 304].includes(status) ? null : text, { status, headers: headersOf(answer) })
}

const headersOf = ({ headersDistinct }: IncomingMessage): [string, string][] =>
  Object.entries(headersDistinct).flatMap(([name, values = []]) => values.map((value): [string, string] => [name, value]))

/** A host name as one compares it: in lower case, an IPv6 address without its brackets. */
export const bareHost = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '').toLowerCase()

const refusal = (host: string) => new NoAnswer(`${host} is a private address: not asked`)

const lookupPublic: LookupFunction = (host, options, callback) => {
  resolve(host, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, [])
    if (addresses.length === 0 || addresses.some(({ address }) => isPrivateAddress(address))) return callback(refusal(host), [])
    const [first] = addresses
    if (options.all) callback(null, addresses)
    else callback(null, first?.address ?? '', first?.family)
  })
}

const sent = (request: ClientRequest, body: Outgoing['body']): Promise<IncomingMessage> =>
  new Promise((done, failed) => {
    // Stays on: what comes after the first error, or with the answer half read, must not end the process.
    request.on('response', done).on('error', failed)
    request.end(body ?? undefined)
  })

async function readBounded(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MAX) {
      answer.destroy()
      throw new NoAnswer(`the answer is longer than ${ANSWER_BYTES_MAX} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
