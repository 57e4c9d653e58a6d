// npm start: from a clone to a live graph. Installs and builds what is not yet, then serves in this very process.
import { prepare } from './prepare.mjs'

prepare()
await import('../server/dist/main.js')
