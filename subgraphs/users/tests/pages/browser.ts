/** What a browser shows: one answer, after its redirects. */
export class Screen {
  constructor(
    readonly url: URL,
    readonly status: number,
    readonly headers: Headers,
    readonly html: string,
  ) {}

  get heading(): string {
    return textOf(this.html.match(/<h1>(.*?)<\/h1>/s)?.[1] ?? '')
  }

  /** All that a person can read. */
  get text(): string {
    return textOf(this.html.replace(/<head>.*?<\/head>/s, ''))
  }

  /** What the page says that is wrong with a field. */
  fault(name: string): string | null {
    const found = this.html.match(new RegExp(`id="${name}-fault">(.*?)</p>`, 's'))?.[1]
    return found === undefined ? null : textOf(found)
  }

  /** The fields of the first form that is sent to `action`, the unseen ones too; of the first form unless said. */
  form(action?: string): { readonly action: URL; readonly fields: Record<string, string> } {
    for (const [, attributes = '', inside = ''] of this.html.matchAll(/<form method="post"([^>]*)>(.*?)<\/form>/gs)) {
      const to = new URL(attributeOf(attributes, 'action') ?? this.url.href, this.url)
      if (action !== undefined && to.pathname !== action) continue
      const inputs = [...inside.matchAll(/<input([^>]*)>/g)].map(([, input = '']) => input)
      const named = inputs.flatMap((input) => {
        const name = attributeOf(input, 'name')
        return name === null ? [] : [[name, attributeOf(input, 'value') ?? ''] as const]
      })
      return { action: to, fields: Object.fromEntries(named) }
    }
    throw new Error(`there is no form for ${action ?? 'anything'} on ${this.url.pathname}: ${this.text}`)
  }
}

export interface Sending {
  readonly headers?: Readonly<Record<string, string>>
  /** Where redirects end; followed to their end unless said. */
  readonly follow?: boolean
}

const REDIRECTS_MAX = 12

/** A browser without scripts: a cookie jar, redirects and forms. It says where a form comes from as real ones do under `no-referrer`. */
export class Browser {
  /** By host name, which is all that cookies go by, and name. */
  readonly cookies = new Map<string, Map<string, string>>()
  /** Each `Set-Cookie` that ever came. */
  readonly setCookies: string[] = []
  /** Each address that was asked for. */
  readonly visited: string[] = []

  constructor(
    private readonly home: string,
    private readonly clientAddress: string,
  ) {}

  open(path: string | URL, sending: Sending = {}): Promise<Screen> {
    return this.ask(new URL(path, this.home), { method: 'GET' }, sending)
  }

  /** Fills in a screen's form and presses its button. */
  async send(screen: Screen, values: Readonly<Record<string, string>> = {}, action?: string, sending: Sending = {}): Promise<Screen> {
    const form = screen.form(action)
    const headers = { origin: 'null', 'sec-fetch-site': 'same-origin', ...sending.headers }
    return this.post(form.action, { ...form.fields, ...values }, { ...sending, headers })
  }

  post(path: string | URL, fields: Readonly<Record<string, string>>, sending: Sending = {}): Promise<Screen> {
    return this.ask(new URL(path, this.home), { method: 'POST', body: new URLSearchParams(fields) }, sending)
  }

  cookie(name: RegExp): string | undefined {
    const jar = this.cookies.get(new URL(this.home).hostname) ?? new Map()
    return [...jar].find(([key]) => name.test(key))?.[1]
  }

  /** Puts a refresh token where the pages keep theirs. */
  keepSession(token: string): void {
    const { hostname, port } = new URL(this.home)
    this.cookies.set(hostname, (this.cookies.get(hostname) ?? new Map<string, string>()).set(`ashlar-${port}`, token))
  }

  private async ask(url: URL, init: RequestInit, { headers = {}, follow = true }: Sending): Promise<Screen> {
    let [to, request] = [url, init]
    for (let hops = 0; hops < REDIRECTS_MAX; hops += 1) {
      this.visited.push(to.href)
      const cookie = [...(this.cookies.get(to.hostname) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await fetch(to, {
        ...request,
        redirect: 'manual',
        headers: { 'x-forwarded-for': this.clientAddress, ...headers, ...(cookie && { cookie }) },
      })
      this.keep(to, answer)
      const html = await answer.text()
      const next = answer.headers.get('location') ?? html.match(/http-equiv="refresh" content="0; url=([^"]*)"/)?.[1]
      if (!follow || !next) return new Screen(to, answer.status, answer.headers, html)
      to = new URL(unescapeHtml(next), to)
      request = { method: 'GET' }
    }
    throw new Error(`there is no end to the redirects: ${this.visited.slice(-REDIRECTS_MAX).join(' ')}`)
  }

  private keep({ hostname }: URL, { headers }: Response): void {
    const jar = this.cookies.get(hostname) ?? new Map<string, string>()
    this.cookies.set(hostname, jar)
    for (const line of headers.getSetCookie()) {
      this.setCookies.push(line)
      const [, name = '', value = ''] = line.match(/^([^=]+)=([^;]*)/) ?? []
      const expires = line.match(/expires=([^;]+)/i)?.[1]
      if (value === '' || (expires && Date.parse(expires) <= Date.now())) jar.delete(name)
      else jar.set(name, value)
    }
  }
}

const attributeOf = (attributes: string, name: string): string | null => {
  const found = attributes.match(new RegExp(`(?:^|\\s)${name}="([^"]*)"`))?.[1]
  return found === undefined ? null : unescapeHtml(found)
}

const textOf = (html: string): string =>
  unescapeHtml(html.replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim()

const unescapeHtml = (text: string): string =>
  text.replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => ({ lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' })[name] ?? '')
