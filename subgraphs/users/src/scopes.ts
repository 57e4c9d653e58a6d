import { type Identity, opensOwn, type Role } from '@ashlar/kit/caller'
import { badUserInput, forbidden } from '@ashlar/kit/errors'

/** All that is the user's own, in every service. */
export const OWN = 'own'

const MODERATOR = ['comments:moderate', 'posts:moderate', 'tags:moderate']
const ADMIN = [
  ...MODERATOR,
  'users:admin',
  'services:read',
  'services:admin',
  'webhooks:admin',
  'chat:admin',
  'location:admin',
  'feeds:admin',
]

/** Scopes whose use wants a person who signed in lately; so does handing them to a key. */
export const FRESH_SCOPES: readonly string[] = ['users:admin', 'services:admin']

const SERVICE_SCOPE = /^[a-z][a-z0-9-]{0,62}:(read|write)$/
const MAX_SCOPES = 50

/** What a role may do beyond what is its own. */
export const scopesOfRole = (role: Role): readonly string[] => (role === 'ADMIN' ? ADMIN : role === 'MODERATOR' ? MODERATOR : [])

/** Whether a scope is a role's; `services:read` is one, though it is spelled like a service's. */
const isRoleScope = (scope: string): boolean => ADMIN.includes(scope)
const isServiceScope = (scope: string): boolean => SERVICE_SCOPE.test(scope) && !isRoleScope(scope)

/** What a stored credential may do now: a role's scopes only while its owner has the role. */
export const cutToRole = (scopes: readonly string[], role: Role): string[] =>
  scopes.filter((scope) => scope === OWN || isServiceScope(scope) || scopesOfRole(role).includes(scope))

/** The scopes that a key asks for. @throws BAD_USER_INPUT for none or unknown ones; FORBIDDEN for more than the caller may do */
export function checkKeyScopes(scopes: readonly string[], identity: Identity): string[] {
  checkForm(scopes)
  if (!scopes.every((scope) => mayHandOn(scope, identity))) throw forbidden('A key may do no more than who makes it.')
  return [...new Set(scopes)]
}

/** The scopes that an app asks for; all that is the user's own where it names none. @throws BAD_USER_INPUT; FORBIDDEN for a role's */
export function checkAppScopes(scopes: readonly string[] | null | undefined): string[] {
  if (!scopes) return [OWN]
  checkForm(scopes)
  if (scopes.some(isRoleScope)) throw forbidden('The scopes of a role are not handed to apps.')
  return [...new Set(scopes)]
}

function mayHandOn(scope: string, identity: Identity): boolean {
  if (isRoleScope(scope)) return identity.scopes.includes(scope)
  const [service = '', access] = scope.split(':')
  return opensOwn(identity, service, access === 'write' ? 'write' : 'read')
}

function checkForm(scopes: readonly string[]): void {
  if (scopes.length < 1 || scopes.length > MAX_SCOPES) throw badUserInput(['input', 'scopes'], `are 1 to ${MAX_SCOPES}`)
  const issues = scopes.flatMap((scope, index) =>
    isServiceScope(scope) || isRoleScope(scope) ? [] : [{ path: ['input', 'scopes', index], message: 'is no scope, such as posts:read' }],
  )
  if (issues.length > 0) throw badUserInput(issues)
}
