// npm run consumers: where the consumers of the services' logs stand; releases and skips what they hold back. Beside a running Ashlar
// or without one. Installs and builds what is not yet.
import { prepare } from './prepare.mjs'

prepare()
await import('../server/dist/operator/consumers-main.js')
