// What planning costs over the contract's schemas, which lie beside the project: comments of subjects, subjects of tags, and both in turn,
// one to six levels deep, with and without ten more types of subject. Each row: what came of it, the milliseconds until the answer, those of
// the processor, and the event loop's p99.9 meanwhile. Usage, from bench/: node planning.mjs. Needs a built clone.
import { readdirSync, readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { composeServices } from '@apollo/composition'
import { expandSchemas } from '@ashlar/gateway/composition/compose'
import { readSchemas } from '@ashlar/gateway/composition/schemas'
import { defaultLimits } from '@ashlar/gateway/limits'
import { Planner } from '@ashlar/gateway/planning/planner'
import { nodeTypesOf } from '@ashlar/gateway/registry/node-types'
import { registrySdl } from '@ashlar/gateway/registry/registry-sdl'
import { augmentSchema } from '@ashlar/kit/augment-schema'
import { silentLog } from '@ashlar/kit/log'
import { parse, print } from 'graphql'

const CONTRACT = new URL('../../shared/contract/', import.meta.url)
const ADDED = ['Alpha', 'Beta', 'Gamma', 'Delta', 'Epsilon', 'Zeta', 'Eta', 'Theta', 'Iota', 'Kappa']
const LEVELS = [1, 2, 3, 4, 5, 6]
const KINDS = {
  comments: (within) => `comments { nodes { text author { username } subject { id ${within} } } }`,
  tags: (within) => `tags { name subjects { nodes { id ${within} } } }`,
  'both in turn': (within) => `comments { nodes { text subject { id tags { name subjects { nodes { id ${within} } } } } } }`,
}

const nested = (kind, levels) => (levels === 0 ? 'id' : KINDS[kind](nested(kind, levels - 1)))

const added = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  interface Subject { id: ID! viewerCanEdit: Boolean } interface Node { id: ID! }
  type Query { ${ADDED.map((type) => `added${type}: ${type}`).join(' ')} }
  ${ADDED.map((type) => `type ${type} implements Subject & Node @key(fields: "id") { id: ID! viewerCanEdit: Boolean }`).join('\n')}`

function supergraph(more) {
  const contract = readdirSync(CONTRACT)
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => ({ name: file.replace('.graphql', ''), sdl: readFileSync(new URL(file, CONTRACT), 'utf8') }))
  const services = [...contract, ...more].map(({ name, sdl }) => ({ name, sdl: print(augmentSchema(sdl)) }))
  const schemas = readSchemas(services, defaultLimits)
  const registry = registrySdl(nodeTypesOf(schemas).values())
  const expanded = expandSchemas([{ name: 'registry', sdl: registry, document: parse(registry) }, ...schemas])
  const { supergraphSdl, errors } = composeServices(expanded.map(({ name, sdl }) => ({ name, typeDefs: parse(sdl) })))
  if (!supergraphSdl) throw new Error(errors.join('\n'))
  return supergraphSdl
}

const EASY = { query: '{ posts { totalCount } }', operationName: null }

for (const [title, more] of [
  ['the contract', []],
  ['with ten added types', [{ name: 'added', sdl: added }]],
]) {
  const planner = new Planner(supergraph(more), defaultLimits, silentLog())
  console.log(`\n${title}\n${'kind'.padEnd(14)} levels  ${'outcome'.padEnd(12)}     ms  cpu ms  loop p99.9`)
  for (const kind of Object.keys(KINDS))
    for (const levels of LEVELS) {
      // The thread that a refused operation has ended is another's to wait for.
      await planner.plan(EASY)
      const delay = monitorEventLoopDelay({ resolution: 5 })
      delay.enable()
      const begun = performance.now()
      const before = process.cpuUsage()
      const query = `{ posts { nodes { ${nested(kind, levels)} } } }`
      const outcome = await planner.plan({ query, operationName: null }).then(
        () => 'planned',
        ({ code }) => code,
      )
      const { user, system } = process.cpuUsage(before)
      delay.disable()
      const columns = [performance.now() - begun, (user + system) / 1_000, delay.percentile(99.9) / 1e6]
      console.log(
        `${kind.padEnd(14)} ${String(levels).padStart(6)}  ${outcome.padEnd(12)} ${columns.map((n) => n.toFixed(0).padStart(6)).join('  ')}`,
      )
    }
  await planner.close()
}
