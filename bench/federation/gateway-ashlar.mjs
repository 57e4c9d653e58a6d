// Ashlar's gateway on its own, over a supergraph: SUPERGRAPH is the file, PORT where it listens, SHARE=1 with `--share-in-flight`.

import { readSettings } from '@ashlar/gateway/standalone/settings'
import { startStandalone } from '@ashlar/gateway/standalone/start'
import { createLog } from '@ashlar/kit/log'

const { SUPERGRAPH, PORT, SHARE } = process.env
const more = SHARE === '1' ? ['--share-in-flight'] : []
await startStandalone(readSettings(['--supergraph', SUPERGRAPH, '--port', PORT, ...more]), createLog('warn', process.stderr))
process.on('disconnect', () => process.exit())
process.send?.('ready')
