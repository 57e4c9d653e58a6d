/** The codes that a form has words for; others fall to their message. */
export interface GraphError {
  readonly message: string
  readonly extensions?: {
    readonly code?: string
    readonly field?: string
    readonly issues?: readonly { readonly path: readonly (string | number)[]; readonly message: string }[]
    readonly retryAfterSeconds?: number
  }
}

export interface Answer<Data> {
  readonly data?: Data | null
  readonly errors?: readonly GraphError[]
}

export interface Operation {
  readonly query: string
  readonly variables?: object | undefined
  readonly operationName?: string | null | undefined
}

/** Neither data nor errors came back: no network, or something between that does not speak GraphQL. */
export class Unreachable extends Error {
  constructor(readonly detail: string) {
    super(`The graph can't be reached: ${detail}`)
    this.name = 'Unreachable'
  }
}

/**
 * Sends one operation to this origin's graph.
 * @returns the answer, its HTTP status, and the server's clock in milliseconds (this machine's may be wrong).
 * @throws Unreachable
 */
export async function send<Data>(operation: Operation, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { accept: 'application/graphql-response+json, application/json', ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(operation),
  }).catch((error: unknown) => {
    throw new Unreachable(error instanceof Error ? error.message : String(error))
  })
  const answer = (await response.json().catch(() => null)) as Answer<Data> | null
  if (typeof answer !== 'object' || answer === null) throw new Unreachable(`${response.status} ${response.statusText}`.trim())
  const date = Date.parse(response.headers.get('date') ?? '')
  return { answer, status: response.status, serverTime: Number.isNaN(date) ? Date.now() : date }
}
