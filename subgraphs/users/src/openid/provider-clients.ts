import type { Config, OpenIdProvider } from '@ashlar/kit/config'
import { isLoopback } from '@ashlar/kit/config'
import { createRemoteJWKSet, type JWTVerifyGetKey, customFetch as joseFetch } from 'jose'
import * as openid from 'openid-client'
import { bareHost, requestOutside } from './outgoing.js'

const REMEMBERED_MS = 60 * 60 * 1_000
const UNKNOWN_KEY_MS = 30_000

/** A provider as it describes itself, and its keys. */
export interface ProviderClient {
  readonly provider: OpenIdProvider
  readonly configuration: openid.Configuration
  readonly keys: JWTVerifyGetKey
}

/** The configured providers. Each is asked for its description when it is first needed, and again every hour. */
export class ProviderClients {
  private readonly providers: ReadonlyMap<string, OpenIdProvider>
  private readonly clients = new Map<string, { readonly client: Promise<ProviderClient>; readonly until: number }>()

  constructor(private readonly config: Pick<Config, 'openIdProviders' | 'allowedPrivateHosts'>) {
    this.providers = new Map(config.openIdProviders.map((provider) => [provider.name, provider]))
  }

  get(name: string): OpenIdProvider | null {
    return this.providers.get(name) ?? null
  }

  /** Rejects where the provider can't be reached or describes another issuer. */
  async client(provider: OpenIdProvider): Promise<ProviderClient> {
    const known = this.clients.get(provider.name)
    if (known && known.until > performance.now()) return known.client
    const client = this.discover(provider)
    this.clients.set(provider.name, { client, until: performance.now() + REMEMBERED_MS })
    // What failed is tried again by the next who asks; whoever asks meanwhile shares this attempt.
    client.catch(() => this.clients.delete(provider.name))
    return client
  }

  private async discover(provider: OpenIdProvider): Promise<ProviderClient> {
    const { issuer, clientId, clientSecret } = provider
    // The issuer's own host may be private: it was the operator who named it. Where its description points is not theirs to say.
    const trusted = new Set([bareHost(issuer), ...this.config.allowedPrivateHosts.map((host) => host.toLowerCase())])
    const ask = (url: string, { method, headers, body, signal }: openid.CustomFetchOptions) =>
      requestOutside(url, { method, headers, body: body instanceof URLSearchParams ? body.toString() : bytesOf(body), signal }, trusted)

    const plain = issuer.protocol === 'http:' && (isLoopback(issuer.hostname) || this.config.allowedPrivateHosts.includes(issuer.hostname))
    const configuration = await openid.discovery(
      issuer,
      clientId,
      // What browsers, providers and we think of the time may differ by this much.
      { [openid.clockTolerance]: 30 },
      clientSecret === null ? openid.None() : openid.ClientSecretPost(clientSecret),
      { [openid.customFetch]: ask, execute: [openid.enableNonRepudiationChecks, ...(plain ? [openid.allowInsecureRequests] : [])] },
    )
    const { jwks_uri: jwksUri } = configuration.serverMetadata()
    if (!jwksUri) throw new Error(`${issuer.href} names no keys`)
    const keys = createRemoteJWKSet(new URL(jwksUri), {
      cooldownDuration: UNKNOWN_KEY_MS,
      cacheMaxAge: REMEMBERED_MS,
      [joseFetch]: (url, { headers, method, signal }) =>
        requestOutside(url, { method, headers: Object.fromEntries(headers), signal }, trusted),
    })
    return { provider, configuration, keys }
  }
}

/** What the library sends is a form or nothing; the rest of what `fetch` takes it never uses. */
function bytesOf(body: openid.FetchBody): string | Uint8Array | null {
  if (body === null || body === undefined || typeof body === 'string' || body instanceof Uint8Array) return body ?? null
  throw new Error('a body of this kind is not sent')
}
