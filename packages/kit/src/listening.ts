import { createServer } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { StartError } from './process-life.js'

export interface Address {
  readonly host: string
  readonly port: number
}

/** Sees that the address is free before anything else is touched. @throws Error in words for people */
export async function checkAddress({ host, port }: Address): Promise<void> {
  const probe = createServer()
  try {
    await new Promise<void>((resolve, reject) => probe.once('error', reject).listen({ host, port, exclusive: true }, resolve))
  } catch (error) {
    throw addressError(error, { host, port })
  } finally {
    await new Promise<void>((resolve) => probe.close(() => resolve()))
  }
}

/** Why an address can't be listened on; the same error where the reason is another. */
export function addressError(error: unknown, { host, port }: Address): Error {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new StartError(
        `Port ${port} on ${host} is in use, perhaps by another Ashlar. Stop that program, or set PORT to another number.`,
      )
    case 'EACCES':
      return new StartError(`This user may not listen on port ${port}. Set PORT to a number above 1023.`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartError(`HOST (${host}) is no address of this machine.`)
    default:
      return error as Error
  }
}

/** Listens as the configuration says. Closes the server again where it can't. @throws StartError */
export async function listen(http: FastifyInstance, address: Address): Promise<string> {
  try {
    await http.listen({ host: address.host, port: address.port })
    return addressOf(http)
  } catch (error) {
    await http.close()
    throw addressError(error, address)
  }
}

function addressOf(http: FastifyInstance): string {
  const address = http.server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen')
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}
