// npm run start:distributed: everything as processes of their own on this machine, as a cluster would run it.
// PORT and the next port are two gateways; PostgreSQL and NATS are started where DATABASE_URL and NATS_URL name none.
import { prepare } from './prepare.mjs'

prepare()
await import('../server/dist/distributed-main.js')
