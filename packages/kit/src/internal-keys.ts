import { hkdfSync } from 'node:crypto'

/** The name that every gateway goes by between processes; no service may have it. */
export const GATEWAY = 'gateway'

const KEY_BYTES = 32
const NAME = /^[a-z][a-z0-9_-]{0,62}$/

/** By `sender>audience`. */
export type PairKeys = ReadonlyMap<string, Buffer>

export const pairOf = (sender: string, audience: string): string => `${sender}>${audience}`

/**
 * The key of statements from one process to another: HKDF-SHA-256 (RFC 5869) of the secret that only what starts processes holds. Each
 * direction has its own, so that what one side has said can't be sent back to it.
 */
export const pairKey = (secret: Uint8Array, sender: string, audience: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, new Uint8Array(0), `ashlar statement ${pairOf(sender, audience)}`, KEY_BYTES))

/**
 * What a process is given as INTERNAL_KEYS: the keys of its own pairs with the others, and of no other's. Gateways have one for what
 * only gateways say to each other, the second MAC.
 */
export function keysFor(secret: Uint8Array, name: string, others: readonly string[]): string {
  const pairs = others.filter((other) => other !== name).flatMap((other) => [[name, other] as const, [other, name] as const])
  if (name === GATEWAY) pairs.push([GATEWAY, GATEWAY])
  return pairs
    .map(([sender, audience]) => `${pairOf(sender, audience)}=${pairKey(secret, sender, audience).toString('base64url')}`)
    .join(',')
}

/** Reads INTERNAL_KEYS; null for a text that is none. */
export function readKeys(text: string): PairKeys | null {
  const keys = new Map<string, Buffer>()
  for (const part of text.split(',')) {
    const [, sender = '', audience = '', key = ''] = part.trim().match(/^([^>=]+)>([^>=]+)=([\w-]+)$/) ?? []
    const bytes = Buffer.from(key, 'base64url')
    if (!NAME.test(sender) || !NAME.test(audience) || bytes.length !== KEY_BYTES) return null
    keys.set(pairOf(sender, audience), bytes)
  }
  return keys
}
