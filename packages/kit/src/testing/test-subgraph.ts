import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql'
import type { Asking } from '../caller.js'
import { type Config, readConfig } from '../config.js'
import type { RunningSubgraph, Subgraph } from '../define-subgraph.js'
import { type Deps, openDeps } from '../deps.js'
import { type Logger, silentLog } from '../log.js'
import type { Peers } from '../peers.js'
import { askingAsNobody } from './callers.js'

export type Answer = FormattedExecutionResult & { readonly data?: Record<string, unknown> | null }

export interface TestSubgraphOptions {
  /** The environment, over the defaults; PORT and the like are made up. */
  readonly env?: Readonly<Record<string, string>>
  readonly log?: Logger
  /** The other services that it follows and asks; none unless given, and then `subgraph.begin()` starts to follow them. */
  readonly peers?: Peers
}

/** One service on a database of its own, asked as the gateway asks it. */
export interface TestSubgraph<Services> extends AsyncDisposable {
  readonly subgraph: RunningSubgraph<Services>
  readonly services: Services
  /** What the service is made of. */
  readonly deps: Deps
  readonly database: TestDatabase
  readonly config: Config
  /** Runs an operation as nobody, or as whoever `asking` says. */
  ask(query: string, variables?: Readonly<Record<string, unknown>>, asking?: Asking): Promise<Answer>
  /** The same for a test that wants the data. Throws where there are errors. */
  data<Data = Record<string, never>>(query: string, variables?: Readonly<Record<string, unknown>>, asking?: Asking): Promise<Data>
  close(): Promise<void>
}

/** A configuration for tests: the defaults, a fixed secret, and what `env` says. */
export const testConfig = (env: Readonly<Record<string, string>> = {}): Config => ({
  ...readConfig({ LOG_LEVEL: 'silent', ...env }),
  secretKey: Buffer.alloc(32, 'ashlar tests'),
})

/** Starts a service for a test file, jobs included. */
export async function startTestSubgraph<Services, Loaders>(
  definition: Subgraph<Services, Loaders>,
  { env = {}, log = silentLog(), peers }: TestSubgraphOptions = {},
): Promise<TestSubgraph<Services>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
  const config = testConfig({ DATA_DIR: dataDir, ...env })
  const database = await startTestDatabase({ services: [definition.name] })
  const db = database.service(definition.name)
  const deps = openDeps({ db, config, log, ...(peers && { peers }) })
  const subgraph = definition.start(deps)
  const ask = (query: string, variables: Readonly<Record<string, unknown>> = {}, asking = askingAsNobody()) =>
    subgraph.execute({ query, variables }, asking) as Promise<Answer>
  const close = async () => {
    await subgraph.close()
    await deps.close()
    await database.close()
    await rm(dataDir, { recursive: true, force: true })
  }
  return {
    subgraph,
    services: subgraph.services,
    deps,
    database,
    config,
    ask,
    async data<Data>(query: string, variables?: Readonly<Record<string, unknown>>, asking?: Asking) {
      const { data, errors } = await ask(query, variables, asking)
      if (errors) throw new Error(`the operation failed: ${JSON.stringify(errors)}`)
      return data as Data
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The codes of an answer's errors. */
export const codesOf = ({ errors = [] }: { readonly errors?: readonly GraphQLFormattedError[] }): unknown[] =>
  errors.map(({ extensions }) => extensions?.code)

/** The paths of an answer's issues, those of all its errors, as `input.title`. */
export const issuePathsOf = ({ errors = [] }: { readonly errors?: readonly GraphQLFormattedError[] }): string[] =>
  errors.flatMap(({ extensions }) => ((extensions?.issues ?? []) as { path: unknown[] }[]).map(({ path }) => path.join('.')))
