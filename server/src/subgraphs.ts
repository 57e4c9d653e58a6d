import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Subgraph } from '@ashlar/kit/define-subgraph'

const folder = fileURLToPath(new URL('../../subgraphs', import.meta.url))

/** The names of the services that have a folder under `subgraphs/`. */
export const serviceNames = (): readonly string[] =>
  readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'schema.graphql')))
    .sort()

/** Where a service's schema lies, for a process that needs nothing else of it. */
export const schemaOf = (name: string): URL => pathToFileURL(join(folder, name, 'schema.graphql'))

/** Every service that has a folder under `subgraphs/`: a further one is a further folder, and nothing is edited here. */
export async function loadSubgraphs(): Promise<readonly Subgraph<unknown, unknown>[]> {
  const subgraphs: Subgraph<unknown, unknown>[] = []
  // One after another: jest's loader trips over modules that two imports at once have in common.
  for (const name of serviceNames()) subgraphs.push(await loadSubgraph(name))
  return subgraphs
}

async function loadSubgraph(name: string): Promise<Subgraph<unknown, unknown>> {
  const { subgraph }: { subgraph?: Subgraph<unknown, unknown> } = await import(`@ashlar/${name}/index`)
  if (subgraph?.name !== name) throw new Error(`subgraphs/${name}/src/index.ts does not export the subgraph ${name}`)
  return subgraph
}
