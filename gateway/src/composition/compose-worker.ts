import { parentPort, workerData } from 'node:worker_threads'
import { composeServices } from '@apollo/composition'
import { type GraphQLError, parse } from 'graphql'
import type { CompositionFault } from './composition-error.js'
import type { NamedSchema } from './schemas.js'

export type Composed = { readonly supergraphSdl: string } | { readonly faults: readonly CompositionFault[] }

const compose = (schemas: readonly NamedSchema[]): Composed => {
  const { errors, supergraphSdl } = composeServices(
    schemas.map(({ name, url, sdl }) => ({ name, ...(url && { url }), typeDefs: parse(sdl, { noLocation: true }) })),
  )
  return errors ? { faults: errors.map(faultOf) } : { supergraphSdl }
}

const faultOf = (error: GraphQLError): CompositionFault => ({
  code: String(error.extensions.code ?? 'INVALID_GRAPHQL'),
  message: error.message,
})

parentPort?.postMessage(compose(workerData as readonly NamedSchema[]))
