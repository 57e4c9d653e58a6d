// npm run gateway -- --supergraph <file>: the gateway by itself, over any supergraph; --help says what else there is.
import { prepare } from './prepare.mjs'

prepare({ only: '@ashlar/gateway' })
await import('../gateway/dist/standalone/main.js')
