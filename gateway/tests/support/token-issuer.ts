import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jest } from '@jest/globals'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { JWKS } from 'oidc-provider'

export interface TokenIssuer extends AsyncDisposable {
  readonly issuer: string
  readonly jwks: string
  /** How often the keys were asked for. */
  readonly keysRead: number
  /** An access token as clients get it from the provider. */
  token(scope: string): Promise<string>
  /** One that the provider might have signed, with other claims; null leaves one out. */
  signed(claims?: Record<string, unknown>, header?: Record<string, unknown>, key?: CryptoKey | Uint8Array): Promise<string>
  /** The keys can't be read from now on, or again. */
  hide(hidden: boolean): void
}

export const AUDIENCE = 'urn:graph'
const KID = 'issuer-1'
const CLIENT = 'reader'
const SECRET = 'a secret between the provider and this client'

/** A real OpenID provider on loopback, which issues access tokens in the form of JWT to a client of its own. */
export async function startIssuer(): Promise<TokenIssuer> {
  // It says that it was made for a newer Node; what is used of it runs on this one.
  const quiet = [jest.spyOn(console, 'warn'), jest.spyOn(console, 'info')].map((spy) => spy.mockImplementation(() => {}))
  const { Provider } = await import('oidc-provider')
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const server = createServer()
  const issuer = `http://127.0.0.1:${await listen(server)}`
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT, client_secret: SECRET, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: KID, alg: 'RS256', use: 'sig' }] } as JWKS,
    cookies: { keys: ['a key of the tests'] },
    scopes: ['read', 'write'],
    ttl: { ClientCredentials: 600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'read write',
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  })
  for (const spy of quiet) spy.mockRestore()
  const serve = provider.callback()
  let keysRead = 0
  let hidden = false
  server.on('request', (request, response) => {
    if (request.url !== '/jwks') {
      void serve(request, response)
      return
    }
    keysRead += 1
    if (hidden) response.destroy()
    else void serve(request, response)
  })

  return {
    issuer,
    jwks: `${issuer}/jwks`,
    get keysRead() {
      return keysRead
    },
    async token(scope) {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${CLIENT}:${encodeURIComponent(SECRET)}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope, resource: AUDIENCE }),
      })
      const answered = (await response.json()) as { access_token?: string }
      if (!answered.access_token) throw new Error(JSON.stringify(answered))
      return answered.access_token
    },
    signed(claims = {}, header = {}, key = privateKey) {
      const now = Math.floor(Date.now() / 1_000)
      const all = { iss: issuer, aud: AUDIENCE, sub: 'ada', iat: now, exp: now + 300, ...claims }
      const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null))
      return new SignJWT(given).setProtectedHeader({ alg: 'RS256', kid: KID, ...header }).sign(key)
    },
    hide(away) {
      hidden = away
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
