import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { isPrivateAddress, NoAnswer, type Outgoing, requestOutside } from '../../src/openid/outgoing.js'

const NOBODY: ReadonlySet<string> = new Set()
const THIS_MACHINE: ReadonlySet<string> = new Set(['127.0.0.1'])

describe('what is no address of the public Internet', () => {
  it.each([
    ['this network', '0.0.0.0'],
    ['private', '10.1.2.3'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['shared by a carrier', '100.64.0.1'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ["link-local, a cloud's metadata", '169.254.169.254'],
    ['protocol assignments', '192.0.0.8'],
    ['documentation', '192.0.2.1'],
    ['benchmarks', '198.18.0.1'],
    ['multicast', '224.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['mapped', '::ffff:127.0.0.1'],
    ['mapped, in hexadecimal', '::ffff:7f00:1'],
    ['mapped, though public', '::ffff:8.8.8.8'],
    ['compatible', '::127.0.0.1'],
    ['NAT64', '64:ff9b::7f00:1'],
    ['NAT64 of a local prefix', '64:ff9b:1::a00:1'],
    ['Teredo', '2001::1'],
    ['documentation', '2001:db8::1'],
    ['6to4 of a private one', '2002:a00:1::1'],
    ['unique local', 'fd00::1'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['multicast', 'ff02::1'],
    ['none at all', 'example.org'],
  ])('%s: %s', (_, address) => {
    expect(isPrivateAddress(address)).toBe(true)
  })

  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::1'])('but %s is one', (address) => {
    expect(isPrivateAddress(address)).toBe(false)
  })
})

describe('a request to what a person or a provider named', () => {
  let server: Server | undefined
  let asked = 0

  afterEach(async () => {
    server?.closeAllConnections()
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)))
    server = undefined
    asked = 0
  })

  async function serve(answer: RequestListener): Promise<number> {
    server = createServer((request, response) => {
      asked += 1
      answer(request, response)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  const ask = (address: string, trusted = NOBODY, outgoing: Outgoing = {}, timeMs?: number) =>
    requestOutside(address, outgoing, trusted, timeMs)

  it.each([
    'http://127.0.0.1:PORT/',
    'http://127.1:PORT/',
    'http://2130706433:PORT/',
    'http://0x7f000001:PORT/',
    'http://017700000001:PORT/',
    'http://[::1]:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://[64:ff9b::127.0.0.1]:PORT/',
    'http://localhost:PORT/',
    'http://LOCALHOST.:PORT/',
  ])('does not connect to %s', async (address) => {
    const port = await serve((_, response) => response.end('inside'))
    await expect(ask(address.replace('PORT', String(port)))).rejects.toThrow(NoAnswer)
    expect(asked).toBe(0)
  })

  it.each(['file:///etc/passwd', 'ftp://127.0.0.1/', 'data:text/plain,x'])('does not ask %s', async (address) => {
    await expect(ask(address, THIS_MACHINE)).rejects.toThrow(NoAnswer)
  })

  it('connects to a private host that the operator named, and to no other', async () => {
    const port = await serve((_, response) => response.writeHead(201, { 'x-stone': ['hewn', 'set'] }).end('inside'))
    const answer = await ask(`http://127.0.0.1:${port}/`, THIS_MACHINE)
    expect([answer.status, answer.headers.get('x-stone'), await answer.text()]).toEqual([201, 'hewn, set', 'inside'])
    await expect(ask(`http://localhost:${port}/`, THIS_MACHINE)).rejects.toThrow(NoAnswer)
    expect(asked).toBe(1)
  })

  it('sends method, headers and body as they are', async () => {
    const port = await serve((request, response) =>
      request.pipe(response.writeHead(200, { 'x-was': `${request.method} ${request.headers.accept}` })),
    )
    const answer = await ask(`http://127.0.0.1:${port}/`, THIS_MACHINE, { method: 'POST', headers: { accept: 'a/b' }, body: 'x=1' })
    expect([answer.headers.get('x-was'), await answer.text()]).toEqual(['POST a/b', 'x=1'])
  })

  it('hands a redirect back instead of following it', async () => {
    const port = await serve((_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end())
    const answer = await ask(`http://127.0.0.1:${port}/`, THIS_MACHINE)
    expect([answer.status, answer.headers.get('location')]).toEqual([302, 'http://169.254.169.254/'])
    expect(asked).toBe(1)
  })

  it('stops reading at 512 KiB', async () => {
    const port = await serve((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      }
      response.on('drain', more)
      more()
    })
    await expect(ask(`http://127.0.0.1:${port}/`, THIS_MACHINE)).rejects.toThrow(NoAnswer)
  })

  it('stops waiting for an answer that does not begin', async () => {
    const port = await serve(() => {})
    await expect(ask(`http://127.0.0.1:${port}/`, THIS_MACHINE, {}, 100)).rejects.toThrow(NoAnswer)
  })

  it('stops waiting for an answer that does not end', async () => {
    const port = await serve((_, response) => {
      const drip = setInterval(() => response.write('.'), 10)
      response.on('close', () => clearInterval(drip))
    })
    await expect(ask(`http://127.0.0.1:${port}/`, THIS_MACHINE, {}, 200)).rejects.toThrow(NoAnswer)
  })

  it('stops when its caller does', async () => {
    const aborting = new AbortController()
    const port = await serve(() => aborting.abort())
    await expect(ask(`http://127.0.0.1:${port}/`, THIS_MACHINE, { signal: aborting.signal })).rejects.toThrow(NoAnswer)
  })
})
