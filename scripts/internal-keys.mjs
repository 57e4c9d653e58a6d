// npm run -s internal-keys -- posts: what INTERNAL_KEYS has to be for the process of a service, or for a gateway.
// The secret that they are derived from is INTERNAL_SECRET, which no process but this one needs.
import { fail, prepare } from './prepare.mjs'

prepare()
const { GATEWAY, keysFor } = await import('../packages/kit/dist/internal-keys.js')
const { ConfigError, readConfig } = await import('../packages/kit/dist/config.js')
const { serviceNames } = await import('../server/dist/subgraphs.js')

const everyone = [GATEWAY, ...serviceNames()]
const [name = ''] = process.argv.slice(2)
if (!everyone.includes(name)) fail(`For which process? One of ${everyone.join(', ')}.`)
const secret = secretOrEnd()
console.log(keysFor(secret, name, everyone))

function secretOrEnd() {
  try {
    return readConfig(process.env).internalSecret ?? fail('INTERNAL_SECRET is not set: 32 random bytes in base64.')
  } catch (error) {
    if (error instanceof ConfigError) fail(error.message)
    throw error
  }
}
