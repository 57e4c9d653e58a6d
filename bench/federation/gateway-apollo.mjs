// The stock @apollo/gateway under @apollo/server, over a supergraph.
import { readFileSync } from 'node:fs'
import { ApolloGateway } from '@apollo/gateway'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'

const { SUPERGRAPH, PORT } = process.env
process.env.APOLLO_TELEMETRY_DISABLED = '1'
process.env.NODE_ENV = 'production'
const quiet = { debug() {}, info() {}, warn() {}, error: console.error }
const gateway = new ApolloGateway({ supergraphSdl: readFileSync(SUPERGRAPH, 'utf8'), logger: quiet })
await startStandaloneServer(new ApolloServer({ gateway, logger: quiet }), { listen: { port: Number(PORT), host: '127.0.0.1' } })
process.on('disconnect', () => process.exit())
process.send?.('ready')
