import type { Role } from '@ashlar/kit/caller'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type Ended, EndedCredentials } from '../src/ended-credentials.js'
import { scopesOfRole } from '../src/scopes.js'

const ROLES: readonly Role[] = ['USER', 'MODERATOR', 'ADMIN']
const USER = 'somebody'

/** What becomes of one user: each change is of the next generation, and told with all that holds then. */
const history = fc.array(fc.oneof(fc.constantFrom(...ROLES), fc.constant('suspended' as const)), { maxLength: 8 }).map((changes) => {
  const told: Ended[] = []
  let now: Ended = { id: USER, belowGeneration: 0, cut: null }
  for (const [index, change] of changes.entries()) {
    const belowGeneration = index + 1
    now = change === 'suspended' ? { ...now, belowGeneration } : { ...now, cut: { role: change, belowGeneration } }
    told.push(now)
  }
  return told
})

/** What is left of an ADMIN's token of each generation. */
function remaining(told: readonly Ended[], generations: number) {
  const credentials = new EndedCredentials()
  for (const each of told) credentials.note(each)
  return Array.from({ length: generations + 1 }, (_, generation) =>
    credentials.remaining({
      generation,
      identity: {
        userId: USER,
        role: 'ADMIN',
        credential: 'session',
        credentialId: 'a session',
        scopes: ['own', ...scopesOfRole('ADMIN')],
        authenticatedAt: null,
      },
    }),
  )
}

describe('what ended', () => {
  it('is the same in whatever order, how late and how often it is told', () => {
    fc.assert(
      fc.property(
        history.chain((told) => fc.tuple(fc.constant(told), fc.shuffledSubarray([...told, ...told], { minLength: told.length }))),
        ([told, shuffled]) => {
          expect(remaining([...shuffled, ...told.slice(-1)], told.length)).toEqual(remaining(told, told.length))
          expect(remaining([...told.slice(-1), ...shuffled], told.length)).toEqual(remaining(told, told.length))
        },
      ),
    )
  })
})
