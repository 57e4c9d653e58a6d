// What no gateway can go below: the same fetches, in the same steps, each parsed, and one JSON.stringify of the answer. PORT is where it
// listens, URLS where the services answer, FLOOR the file with the steps and the answer.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { Pool } from 'undici'
import { moved } from './town.mjs'

const { PORT, URLS, FLOOR } = process.env
const recorded = readFileSync(FLOOR, 'utf8')
const screens = new Map()

/** What was recorded for one district is the same for each, but for the names of things. */
function screenOf(district) {
  const screen = screens.get(district) ?? JSON.parse(moved(recorded, district))
  screens.set(district, screen)
  return screen
}

const pools = Object.fromEntries(
  Object.entries(JSON.parse(URLS)).map(([name, url]) => [name, new Pool(new URL(url).origin, { connections: 128 })]),
)

async function fetched({ service, body }) {
  const { body: answer } = await pools[service].request({
    path: '/graphql',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  return JSON.parse(await answer.text())
}

createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', async () => {
    const { variables } = JSON.parse(Buffer.concat(chunks).toString())
    const { steps, data } = screenOf(variables?.district ?? 0)
    for (const step of steps) await Promise.all(step.map(fetched))
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify({ data }))
  })
}).listen(Number(PORT), '127.0.0.1', () => process.send?.('ready'))
process.on('disconnect', () => process.exit())
