import type { Identity } from '@ashlar/kit/caller'

/**
 * The identity with no more than the scopes that `Ashlar-Scopes` names (separated by blanks or commas). Never more than the
 * credential has: `own` holds `<service>:read` and `<service>:write` of each service, and writing holds reading. What it has not
 * does not apply.
 */
export function narrowScopes(identity: Identity, header: string | undefined, services: ReadonlySet<string>): Identity {
  if (header === undefined) return identity
  const has = new Set(identity.scopes)
  const holds = (scope: string): boolean => {
    if (has.has(scope)) return true
    const [service = '', access, more] = scope.split(':')
    // Only a service's own things: `services:read` and the like are scopes of a role.
    if (more !== undefined || (access !== 'read' && access !== 'write')) return false
    return (access === 'read' && has.has(`${service}:write`)) || (has.has('own') && services.has(service))
  }
  const named = header.split(/[\s,]+/).filter(Boolean)
  return { ...identity, scopes: [...new Set(named)].filter(holds) }
}
