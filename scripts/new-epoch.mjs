// npm run new-epoch: has everybody who knows a service's log begin anew, after a recovery that may have lost commits.
// Beside a running Ashlar or without one. Installs and builds what is not yet.
import { prepare } from './prepare.mjs'

prepare()
await import('../server/dist/operator/new-epoch-main.js')
