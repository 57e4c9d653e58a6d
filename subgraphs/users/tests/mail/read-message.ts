/** A message as a mail program reads it. */
export interface ReadMessage {
  /** In lower case; each as often as it stands there. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  header(name: string): string | undefined
  readonly text: string
  readonly html: string
}

/** Takes a message apart by RFC 5322 and RFC 2046, as far as ours go: `multipart/alternative` of a text and a page. */
export function readMessage(source: string): ReadMessage {
  const { headers, body } = split(source)
  const header = (name: string) => headers.find(([key]) => key === name)?.[1]
  const boundary = header('content-type')?.match(/boundary="([^"]+)"/)?.[1]
  const parts = body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => split(part.replace(/^\r\n/, '')))
  const partOf = (type: string) => {
    const part = parts.find(({ headers: own }) => own.some(([name, value]) => name === 'content-type' && value.startsWith(type)))
    const encoding = part?.headers.find(([name]) => name === 'content-transfer-encoding')?.[1]
    return decode(part?.body ?? '', encoding)
  }
  return { headers, header, text: partOf('text/plain'), html: partOf('text/html') }
}

function split(source: string) {
  const [head = '', ...body] = source.split('\r\n\r\n')
  const headers = head
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
    .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const)
  return { headers, body: body.join('\r\n\r\n') }
}

function decode(body: string, encoding = '7bit'): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8')
  if (encoding !== 'quoted-printable') return body
  const bytes = body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
