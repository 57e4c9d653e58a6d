/** An operation's answer over HTTP, whatever it is. */
export interface Answer<Data> {
  readonly status: number
  readonly data: Data | null
  readonly codes: readonly string[]
  readonly words: string
}

interface Body<Data> {
  readonly data?: Data | null
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[]
}

const ANSWER_MS = 10_000

/** One operation, one attempt. @throws Error where no answer comes, or none that is JSON: whether it was done is not known */
export async function ask<Data>(
  url: string,
  query: string,
  variables: object = {},
  { token, limitMs = ANSWER_MS }: { readonly token?: string | undefined; readonly limitMs?: number } = {},
): Promise<Answer<Data>> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(limitMs),
  })
  const { data = null, errors = [] } = (await response.json()) as Body<Data>
  return {
    status: response.status,
    data: errors.length > 0 ? null : data,
    codes: errors.map(({ extensions }) => extensions?.code ?? 'NONE'),
    words: errors.map(({ message, extensions }) => `${extensions?.code ?? 'NONE'} ${message}`).join('; '),
  }
}
