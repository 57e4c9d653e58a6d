import { readFileSync } from 'node:fs'
import { buildSubgraphSchema } from '@apollo/subgraph'
import type { FastifyPluginAsync } from 'fastify'
import { type DocumentNode, type GraphQLSchema, print } from 'graphql'
import { augmentSchema } from './augment-schema.js'
import { enforceAuthorisation } from './authorisation.js'
import type { Caller } from './caller.js'
import type { Deps } from './deps.js'
import { Consumer, type ConsumerDefinition } from './events/consumer.js'
import type { JobHandlers } from './jobs.js'
import { type SubgraphExecution, subgraphExecution } from './subgraph-execution.js'

/**
 * What another built-in service or a gateway may ask of a service as the system, beside its graph. Reads what it gets as if it came from
 * anywhere; what it throws of the closed list of errors reaches who asked.
 */
export type Door = (input: unknown) => Promise<unknown>

export interface SubgraphDefinition<Services, Loaders> {
  readonly name: string
  /** Where schema.graphql lies. */
  readonly schema: URL
  readonly resolvers: object
  /** Built once an instance. */
  services(deps: Deps): Services
  /** Built once a request. */
  loaders(services: Services, caller: Caller): Loaders
  /** What the service does later or again, by the kind of job. */
  jobs?(services: Services): JobHandlers
  /** What of other services' logs it acts upon. */
  consumers?(services: Services, deps: Deps): readonly ConsumerDefinition[]
  /** Pages and files of the service's own, for what a mailed link opens. */
  routes?(services: Services, deps: Deps): FastifyPluginAsync
  /** What other processes may ask, by name. */
  doors?(services: Services, deps: Deps): Readonly<Record<string, Door>>
  /** What the configuration asks for once, before anybody is answered. Done at each start, in each process. */
  begin?(services: Services, deps: Deps): Promise<void>
  /** A line that whoever started it should see, such as a one-time link. */
  greeting?(services: Services): Promise<string | null>
  /** Lifelike data, the same each time, for DEMO=1. */
  demo?(services: Services, deps: Deps): Promise<void>
  /** Fields of `Viewer` that tell nothing of the service's own and need no `<service>:read`. */
  readonly openViewerFields?: readonly string[]
}

export interface RunningSubgraph<Services = unknown> extends SubgraphExecution {
  readonly name: string
  readonly schema: GraphQLSchema
  readonly services: Services
  readonly routes: FastifyPluginAsync | null
  readonly doors: Readonly<Record<string, Door>>
  /** Does what the configuration asks for and starts to follow other services, all of which have started. @throws StartError */
  begin(): Promise<void>
  greeting(): Promise<string | null>
  demo(): Promise<void>
  /** Stops its jobs and consumers. The database is closed by who opened it. */
  close(): Promise<void>
}

export interface Subgraph<Services, Loaders> extends SubgraphDefinition<Services, Loaders> {
  /** The SDL for composition, with all that the kit adds. */
  typeDefs(): string
  /** Builds the services and the executable schema, and starts the jobs. */
  start(deps: Deps): RunningSubgraph<Services>
}

/** Names a subgraph's parts. Has no side effects; `start` makes an instance of it. */
export const defineSubgraph = <Services, Loaders>(definition: SubgraphDefinition<Services, Loaders>): Subgraph<Services, Loaders> => ({
  ...definition,
  typeDefs: () => readTypeDefs(definition.schema),
  start: (deps) => startSubgraph(definition, deps),
})

/** The SDL of a service for composition, from its schema.graphql alone. */
export const readTypeDefs = (schema: URL): string => print(typeDefsOf(schema))

const typeDefsOf = (schema: URL): DocumentNode => augmentSchema(readFileSync(schema, 'utf8'))

function startSubgraph<Services, Loaders>(definition: SubgraphDefinition<Services, Loaders>, deps: Deps): RunningSubgraph<Services> {
  const { name } = definition
  const log = deps.log.child({ service: name })
  const typeDefs = typeDefsOf(definition.schema)
  const schema = buildSubgraphSchema({ typeDefs, resolvers: definition.resolvers as never })
  enforceAuthorisation(schema, name, new Set(definition.openViewerFields))

  const services = definition.services(deps)
  const stopJobs = deps.jobs.start(definition.jobs?.(services) ?? {})
  const consumers: Consumer[] = []

  return {
    name,
    schema,
    services,
    routes: definition.routes?.(services, deps) ?? null,
    doors: definition.doors?.(services, deps) ?? {},
    async begin() {
      await definition.begin?.(services, deps)
      for (const consumer of definition.consumers?.(services, deps) ?? []) {
        consumers.push(new Consumer(consumer, deps.db, log))
        deps.metrics.follow(consumer)
      }
      for (const consumer of consumers) consumer.start()
    },
    greeting: async () => (await definition.greeting?.(services)) ?? null,
    demo: async () => definition.demo?.(services, deps),
    async close() {
      await Promise.all([stopJobs(), ...consumers.map((consumer) => consumer.stop())])
    },
    ...subgraphExecution({ service: name, schema, services, loaders: definition.loaders, cursor: () => deps.events.cursor(), log }),
  }
}
