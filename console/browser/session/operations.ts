import type { Answer } from './graph.js'

export interface Account {
  readonly username: string
  readonly displayName: string
  readonly role: string | null
  readonly email: string | null
}

interface SignedIn {
  readonly viewer: { readonly email: string | null; readonly user: Omit<Account, 'email'> | null } | null
  readonly tokens: { readonly accessToken: string; readonly accessTokenExpiresAt: string } | null
}

const SIGNED_IN = /* GraphQL */ `{
  viewer { email user { username displayName role } }
  tokens { accessToken accessTokenExpiresAt }
}`

export const SIGN_IN = `mutation SignIn($input: SignInInput!) { session: signIn(input: $input) ${SIGNED_IN} }`
export const SIGN_UP = `mutation SignUp($input: SignUpInput!) { session: signUp(input: $input) ${SIGNED_IN} }`
export const REFRESH = `mutation RefreshSession { session: refreshSession(input: {}) ${SIGNED_IN} }`
export const SIGN_OUT = 'mutation SignOut { signOut { ok } }'
export const RESET_PASSWORD =
  'mutation RequestPasswordReset($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { ok } }'

export type SessionAnswer = Answer<{ readonly session: SignedIn | null }>

export interface SignInInput {
  readonly login: string
  readonly password: string
  readonly totpCode?: string
}

export interface SignUpInput {
  readonly username: string
  readonly email: string
  readonly password: string
  readonly displayName?: string
}
