import type { Config, OpenIdProvider } from '@ashlar/kit/config'
import { badUserInput } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import * as openid from 'openid-client'
import { claimsOf, type OpenIdClaims } from './openid/claims.js'
import { failureOf } from './openid/failure.js'
import { checkIdToken } from './openid/id-token.js'
import { type ProviderClient, ProviderClients } from './openid/provider-clients.js'

/** What was agreed at the start of a sign-in, and must be met again at its end. */
export interface OpenIdAttempt {
  readonly provider: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

const REASONS_MAX = 4
const NOT_AS_AGREED = 'This sign-in is not the one that was begun here, or it took too long.'
const NOT_VALID = 'This ID token is not valid here, or no longer.'

/** Signing in with the OpenID Connect providers of the configuration: the authorization code flow with PKCE, and ID tokens of apps. */
export class OpenId {
  private readonly clients: ProviderClients

  constructor(
    private readonly config: Pick<Config, 'openIdProviders' | 'allowedPrivateHosts' | 'publicUrl'>,
    private readonly log: Logger,
  ) {
    this.clients = new ProviderClients(config)
  }

  get providers(): readonly OpenIdProvider[] {
    return this.config.openIdProviders
  }

  provider(name: string): OpenIdProvider | null {
    return this.clients.get(name)
  }

  /** Where to send the person, and what to remember of it. @throws SUBGRAPH_UNAVAILABLE where the provider does not answer. */
  async begin(provider: OpenIdProvider): Promise<{ readonly address: URL; readonly attempt: OpenIdAttempt }> {
    const attempt: OpenIdAttempt = {
      provider: provider.name,
      state: openid.randomState(),
      nonce: openid.randomNonce(),
      codeVerifier: openid.randomPKCECodeVerifier(),
    }
    const challenge = await openid.calculatePKCECodeChallenge(attempt.codeVerifier)
    const address = await this.asking(provider, NOT_AS_AGREED, async ({ configuration }) =>
      openid.buildAuthorizationUrl(configuration, {
        redirect_uri: this.callbackAddress(provider).href,
        scope: provider.scopes.join(' '),
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: challenge,
        code_challenge_method: 'S256',
      }),
    )
    return { address, attempt }
  }

  /**
   * Checks with what the person came back, swaps the code, and answers who they are.
   * @throws UNAUTHENTICATED where anything is not as agreed: state, `iss`, code, verifier, nonce, signature, audience, times; or where
   * the person stopped there. SUBGRAPH_UNAVAILABLE
   */
  async finish(provider: OpenIdProvider, attempt: OpenIdAttempt, search: string): Promise<OpenIdClaims> {
    return this.asking(provider, NOT_AS_AGREED, async ({ configuration }) => {
      const address = this.callbackAddress(provider)
      address.search = search
      const tokens = await openid.authorizationCodeGrant(configuration, address, {
        expectedState: attempt.state,
        expectedNonce: attempt.nonce,
        pkceCodeVerifier: attempt.codeVerifier,
        idTokenExpected: true,
      })
      const claims = tokens.claims()
      if (!claims) throw new Error('the provider sent no ID token')
      // By Core, 5.4, scopes ask for claims at the UserInfo endpoint; many put them into the ID token as well.
      const asksMore = claims.email === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined
      const more = asksMore ? await openid.fetchUserInfo(configuration, tokens.access_token, claims.sub) : {}
      return claimsOf({ ...more, ...claims })
    })
  }

  /**
   * Who an ID token is for, as a native app got it from a provider.
   * @throws BAD_USER_INPUT for a provider that is not configured; UNAUTHENTICATED; SUBGRAPH_UNAVAILABLE
   */
  async verifyIdToken(name: string, idToken: string, nonce?: string | null): Promise<OpenIdClaims> {
    const provider = this.provider(name)
    if (!provider) throw badUserInput('provider', 'is none that this instance knows')
    return this.asking(provider, NOT_VALID, (client) => checkIdToken(client, idToken, nonce ?? null))
  }

  private callbackAddress({ name }: OpenIdProvider): URL {
    return new URL(`/sign-in/${name}/callback`, this.config.publicUrl)
  }

  /** Does what asks a provider, and says in our own words what came of it. */
  private async asking<T>(provider: OpenIdProvider, refusal: string, work: (client: ProviderClient) => Promise<T>): Promise<T> {
    try {
      return await work(await this.clients.client(provider))
    } catch (error) {
      const failure = failureOf(error, refusal)
      const unanswered = failure.code === 'SUBGRAPH_UNAVAILABLE'
      const told = unanswered ? 'an OpenID provider does not answer as it should' : 'an OpenID sign-in was refused'
      this.log[unanswered ? 'warn' : 'info']({ provider: provider.name, reason: reasonOf(error) }, told)
      throw failure
    }
  }
}

/** The words of the libraries alone: what else hangs on their errors are answers, codes and tokens. */
function reasonOf(error: unknown): string {
  const words: string[] = []
  for (let cause = error; cause instanceof Error && words.length < REASONS_MAX; cause = cause.cause) words.push(cause.message)
  return words.join(': ')
}
