import { jwtVerify } from 'jose'
import { claimsOf, type OpenIdClaims } from './claims.js'
import type { ProviderClient } from './provider-clients.js'

const LENGTH_MAX = 16_384
const TOLERANCE_SECONDS = 30
/** Signatures that only the provider can make. With `HS256`, who knows the client's secret could, and an app's is public. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

/**
 * Checks an ID token as OpenID Connect Core, 3.1.3.7, has it: signature, issuer, audience, authorised party, times, nonce.
 * A token with a nonce is good only together with it: without the comparison a stolen one could be sent again.
 * Rejects, with what is wrong, for any other.
 */
export async function checkIdToken(
  { provider, configuration, keys }: ProviderClient,
  idToken: string,
  nonce: string | null,
): Promise<OpenIdClaims> {
  if (idToken.length > LENGTH_MAX) throw new Error('the token is too long')
  const { issuer } = configuration.serverMetadata()
  const { payload } = await jwtVerify(idToken, keys, {
    issuer,
    audience: provider.clientId,
    algorithms: ALGORITHMS,
    clockTolerance: TOLERANCE_SECONDS,
    requiredClaims: ['sub', 'exp', 'iat'],
  })
  const { iss, sub, aud, azp } = payload
  if (iss === undefined || !sub) throw new Error('it names nobody')
  // With one audience, which is this instance, the party is whoever asked for it on our behalf: an app's own client, at Google's.
  if (Array.isArray(aud) && aud.length > 1 && azp !== provider.clientId) throw new Error('it is for several, and another is its party')
  if ((payload.nonce ?? null) !== nonce) throw new Error('the nonce is another')
  return claimsOf({ ...payload, iss, sub })
}
