import { runService } from '@ashlar/kit/service-process'
import { subgraph } from './index.js'

await runService(subgraph, process.env)
