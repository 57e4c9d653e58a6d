// npm run faults: kills, stops and cuts off all of Ashlar under load, round after round, and says what was lost, doubled or out of order.
import { prepare } from './prepare.mjs'

prepare()
await import('../packages/faults/dist/main.js')
