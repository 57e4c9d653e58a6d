// Ashlar's gateway on its own, over a supergraph: SUPERGRAPH is the file, PORT where it listens.

import { readSettings } from '@ashlar/gateway/standalone/settings'
import { startStandalone } from '@ashlar/gateway/standalone/start'
import { createLog } from '@ashlar/kit/log'

const { SUPERGRAPH, PORT } = process.env
await startStandalone(readSettings(['--supergraph', SUPERGRAPH, '--port', PORT]), createLog('warn', process.stderr))
process.on('disconnect', () => process.exit())
process.send?.('ready')
