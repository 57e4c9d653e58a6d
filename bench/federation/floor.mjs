// What no gateway can go below: the same fetches, in the same steps, each parsed, and one JSON.stringify of the answer. PORT is where it
// listens, URLS where the services answer, FLOOR the file with the steps and the answer.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { Pool } from 'undici'

const { PORT, URLS, FLOOR } = process.env
const { steps, data } = JSON.parse(readFileSync(FLOOR, 'utf8'))
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
  request.resume()
  request.on('end', async () => {
    for (const step of steps) await Promise.all(step.map(fetched))
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify({ data }))
  })
}).listen(Number(PORT), '127.0.0.1', () => process.send?.('ready'))
process.on('disconnect', () => process.exit())
