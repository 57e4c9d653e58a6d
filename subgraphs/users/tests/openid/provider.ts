import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { OpenIdProvider } from '@ashlar/kit/config'
import { jest } from '@jest/globals'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { JWKS } from 'oidc-provider'

/** Who is signed in at the provider. */
export interface Person {
  readonly sub: string
  readonly email?: string
  readonly email_verified?: boolean | string
  readonly name?: string
}

export interface TestProvider extends AsyncDisposable {
  /** As the configuration names it: `stone`. */
  readonly configured: OpenIdProvider
  /** Who signs in there from now on. */
  person: Person
  /** How often the endpoint that swaps codes was asked. */
  tokenRequests: number
  /** An ID token as the provider would sign it, with other claims; null leaves one out. */
  idToken(claims?: Record<string, unknown>, header?: { alg?: string; kid?: string }): Promise<string>
  stop(): Promise<void>
}

const KID = 'stone-1'
const CLIENT_ID = 'ashlar'
const CLIENT_SECRET = 'a secret between the provider and this instance'

/** A real OpenID provider on loopback, at which whoever comes presses one button and is `person`. */
export async function startProvider(redirectUri: string, options: { readonly claimsInIdToken?: boolean } = {}): Promise<TestProvider> {
  // It says that it was made for a newer Node; what is used of it runs on this one.
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => {})
  const { Provider } = await import('oidc-provider')
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const server = createServer()
  const port = await listen(server)
  const issuer = `http://127.0.0.1:${port}`

  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: KID, alg: 'RS256', use: 'sig' }] } as JWKS,
    cookies: { keys: ['a key of the tests'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: !options.claimsInIdToken,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/enter/${uid}` },
    ttl: { Session: 3_600, Interaction: 3_600, Grant: 3_600, AccessToken: 3_600, AuthorizationCode: 60, IdToken: 3_600 },
    findAccount: (_, sub) => ({ accountId: sub, claims: async () => ({ ...stone.person, sub }) }),
    // What it may tell this instance is settled once and for all.
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({ clientId: CLIENT_ID, accountId: String(ctx.oidc.session?.accountId) })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  })
  provider.on('server_error', (_, error) => process.stderr.write(`the provider failed: ${error.stack}\n`))
  warn.mockRestore()

  async function enter(request: IncomingMessage, response: ServerResponse) {
    if (request.method !== 'POST') {
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end(
        '<!doctype html><title>Stone</title><form method="post"><button name="enter" value="yes">Enter</button><button name="enter" value="no">Stop</button></form>',
      )
      return
    }
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const result = body.includes('yes')
      ? { login: { accountId: stone.person.sub } }
      : { error: 'access_denied', error_description: 'the person turned back' }
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
  }

  const serve = provider.callback()
  server.on('request', (request, response) => {
    if (request.url === '/token') stone.tokenRequests += 1
    if (request.url?.startsWith('/enter/')) enter(request, response).catch((error) => response.destroy(error))
    else void serve(request, response)
  })

  const stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  const stone: TestProvider = {
    configured: {
      name: 'stone',
      issuer: new URL(issuer),
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      label: 'Stone',
      scopes: ['openid', 'email', 'profile'],
    },
    person: { sub: 'ada', email: 'ada@example.org', email_verified: true, name: 'Ada' },
    tokenRequests: 0,
    idToken: (claims, header) => signIdToken(privateKey, { iss: issuer, aud: CLIENT_ID, ...stone.person, ...claims }, header),
    stop,
    [Symbol.asyncDispose]: stop,
  }
  return stone
}

function signIdToken(key: CryptoKey, claims: Record<string, unknown>, header: { alg?: string; kid?: string } = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1_000)
  const given = Object.entries({ iat: now, exp: now + 300, ...claims }).filter(([, value]) => value !== null)
  return new SignJWT(Object.fromEntries(given)).setProtectedHeader({ alg: 'RS256', kid: KID, ...header }).sign(key)
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
