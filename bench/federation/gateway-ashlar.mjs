// Ashlar's gateway on its own, over a supergraph: SUPERGRAPH is the file, PORT where it listens.
import { readFileSync } from 'node:fs'
import { plainHttp } from '@ashlar/gateway/data-sources/plain-http'
import { createGateway } from '@ashlar/gateway/gateway'
import { defaultLimits } from '@ashlar/gateway/limits'
import { createLog } from '@ashlar/kit/log'
import { fastify } from 'fastify'

const { SUPERGRAPH, PORT } = process.env
const log = createLog('warn', process.stderr)
const gateway = await createGateway({
  subgraphs: { supergraphSdl: readFileSync(SUPERGRAPH, 'utf8'), sourceOf: (_, url) => plainHttp({ ...defaultLimits, url, log }) },
  log,
  authenticate: async () => null,
  publicUrl: new URL(`http://127.0.0.1:${PORT}`),
  host: '127.0.0.1',
  allowedOrigins: () => new Set(),
})
const server = fastify()
await server.register(gateway.routes)
await server.listen({ port: Number(PORT), host: '127.0.0.1' })
process.on('disconnect', () => process.exit())
process.send?.('ready')
