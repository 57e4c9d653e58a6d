import { createHash } from 'node:crypto'
import { stringify } from 'uuid'

/** The usernames of DEMO=1's people: the users service makes them, and every other block's data is by them. */
export const DEMO_PEOPLE = ['mara', 'tomas', 'aiko', 'jules', 'nadia', 'oskar', 'priya', 'leon', 'ines', 'kofi', 'greta', 'sam'] as const

export type DemoPerson = (typeof DEMO_PEOPLE)[number]

/**
 * The uuid of a thing of the demo, the same each time: a UUIDv7 by its form, of the time that the thing is said to be from.
 * @param name such as `user mara` or `post the-oven-of-the-village`
 */
export function demoId(name: string, at: Date): string {
  const bytes = createHash('sha256').update(`ashlar demo ${name}`).digest().subarray(0, 16)
  bytes.writeUIntBE(at.getTime(), 0, 6)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return stringify(bytes)
}

/** When a person of the demo signed up: a day after the one before, from the 1st of March 2026 on. */
export const demoSignUp = (person: DemoPerson): Date => new Date(Date.UTC(2026, 2, 1 + DEMO_PEOPLE.indexOf(person), 8, 30))

/** The uuid of a person of the demo. */
export const demoUserId = (person: DemoPerson): string => demoId(`user ${person}`, demoSignUp(person))
