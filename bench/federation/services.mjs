// The four services of the benchmark in one process, a port each. What was asked once is answered from memory, so that the gateway is what
// is measured. Says their addresses to what has started it.
import { createServer } from 'node:http'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { execute, parse } from 'graphql'
import { RESOLVERS, SERVICES } from './town.mjs'

const urls = {}
/** What is asked while it is recorded, in steps: a new one begins where all that came before is answered, which takes a while then. */
const RECORDED_MS = 50
let steps = null
let open = 0
for (const [name, sdl] of Object.entries(SERVICES)) {
  const schema = buildSubgraphSchema({ typeDefs: parse(sdl), resolvers: RESOLVERS[name] })
  const known = new Map()
  const answer = async (body) => {
    const { query, variables, operationName } = JSON.parse(body)
    const result = await execute({ schema, document: parse(query), variableValues: variables, operationName })
    return Buffer.from(JSON.stringify(result))
  }
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString()
      if (steps && open === 0) steps.push([])
      steps?.at(-1).push({ service: name, body })
      open += 1
      let bytes = known.get(body)
      if (!bytes) {
        bytes = await answer(body)
        known.set(body, bytes)
      }
      if (steps) await new Promise((resolve) => setTimeout(resolve, RECORDED_MS))
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes)
      open -= 1
    })
  })
  server.keepAliveTimeout = 75_000
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  urls[name] = `http://127.0.0.1:${server.address().port}/graphql`
}
process.on('message', (word) => {
  if (word === 'record') steps = []
  process.send(steps)
  if (word === 'recorded') steps = null
})
process.on('disconnect', () => process.exit())
process.send?.(urls)
