import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number
  readonly attributes: Readonly<Record<string, unknown>>
  /** `service.name` of the process. */
  readonly process: string
  readonly isError: boolean
}

export interface Collector extends AsyncDisposable {
  readonly url: string
  readonly spans: CollectedSpan[]
  /** All that was sent, as text. */
  received(): string
  /** A span of a name, which has to be the only one of it. */
  span(name: string): CollectedSpan
}

interface OtlpValue {
  readonly stringValue?: string
  readonly intValue?: number | string
  readonly boolValue?: boolean
}
type OtlpAttributes = readonly { readonly key: string; readonly value: OtlpValue }[]

const attributesOf = (attributes: OtlpAttributes = []): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.boolValue ?? Number(value.intValue)]))

/** A collector of spans by OTLP over HTTP, in JSON. */
export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = []
  let received = ''
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      received += `${JSON.stringify(request.headers)}\n${text}\n`
      for (const { resource, scopeSpans } of JSON.parse(text).resourceSpans)
        for (const each of scopeSpans)
          for (const span of each.spans)
            spans.push({
              ...span,
              attributes: attributesOf(span.attributes),
              process: String(attributesOf(resource.attributes)['service.name']),
              isError: span.status?.code === 2,
            })
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    received: () => received,
    span(name) {
      const found = spans.filter((span) => span.name === name)
      const [span] = found
      if (!span || found.length > 1)
        throw new Error(`${found.length} spans are called ${name}, of ${spans.map((each) => each.name).join(', ')}`)
      return span
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
