import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { augmentSchema } from '@ashlar/kit/augment-schema'
import { print } from 'graphql'
import type { GatewaySubgraph } from '../../src/subgraph.js'

/** Beside the project, where the contract is kept; a clone alone does not have it. */
const CONTRACT = join(fileURLToPath(new URL('../../..', import.meta.url)), '../shared/contract')

export const hasContract = existsSync(join(CONTRACT, 'composed/api.graphql'))

/** The graph as it is promised to clients. */
export const promisedSdl = (): string => readFileSync(join(CONTRACT, 'composed/api.graphql'), 'utf8')

/** All services of the contract, as the kit hands their schemas to composition. They answer nothing. */
export const contractSubgraphs = (): GatewaySubgraph[] =>
  readdirSync(CONTRACT)
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => ({
      name: basename(file, '.graphql'),
      sdl: print(augmentSchema(readFileSync(join(CONTRACT, file), 'utf8'))),
      execute: async () => ({ data: null, errors: [{ message: 'down', extensions: { code: 'SUBGRAPH_UNAVAILABLE' } }] }),
    }))
