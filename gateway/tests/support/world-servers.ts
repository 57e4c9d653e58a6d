import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { worldSchemas, worldServices } from './world.js'

export interface WorldServers extends AsyncDisposable {
  /** Where each service answers, by its name. */
  readonly urls: Readonly<Record<string, string>>
  /** The headers of what has been asked. */
  readonly heard: IncomingHttpHeaders[]
}

/** The services of the world behind plain HTTP, as any subgraph is, without mishaps. */
export async function serveWorld(): Promise<WorldServers> {
  const heard: IncomingHttpHeaders[] = []
  const services = worldServices({ nulls: 0, errors: 0, seed: 1 })
  const sdls = new Map(worldSchemas().map(({ name, sdl }) => [name, sdl]))
  const servers: Server[] = []
  const urls: Record<string, string> = {}
  for (const [name, ask] of Object.entries(services)) {
    const server = createServer((request, response) => {
      heard.push(request.headers)
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', async () => {
        const operation = JSON.parse(Buffer.concat(chunks).toString())
        const isSdl = /\b_service\b/.test(operation.query)
        const answer = isSdl ? { data: { _service: { sdl: sdls.get(name) } } } : await ask(operation)
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.push(server)
    urls[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`
  }
  return {
    urls,
    heard,
    async [Symbol.asyncDispose]() {
      for (const server of servers) server.closeAllConnections()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}
