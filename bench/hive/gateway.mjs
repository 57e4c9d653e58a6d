// Hive Gateway over a supergraph; RUST=1 with its planner and executor in Rust, SHARE=1 with identical requests in flight shared.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createGatewayRuntime } from '@graphql-hive/gateway'
import { unifiedGraphHandler } from '@graphql-hive/router-runtime'

const { SUPERGRAPH, PORT, RUST, SHARE } = process.env
const gateway = createGatewayRuntime({
  supergraph: readFileSync(SUPERGRAPH, 'utf8'),
  ...(RUST === '1' && { unifiedGraphHandler }),
  ...(SHARE === '1' && { inboundInflightRequestDeduplication: true }),
  logging: false,
  landingPage: false,
  graphiql: false,
  maskedErrors: false,
})
createServer(gateway).listen(Number(PORT), '127.0.0.1', () => process.send?.('ready'))
process.on('disconnect', () => process.exit())
