import { writeAudit } from '@ashlar/kit/audit'
import type { Caller } from '@ashlar/kit/caller'
import { isLoopback } from '@ashlar/kit/config'
import type { Deps } from '@ashlar/kit/deps'
import { badUserInput } from '@ashlar/kit/errors'
import type { FreshSignIns } from './fresh-sign-ins.js'
import { administrator } from './guards.js'

const KNOWN_MS = 4_000
const CLIENTS_MAX = 100
const LENGTH_MAX = 300
/** RFC 8252, 7.1: an app's own scheme is a domain name of its maker, reversed; so it is never one that a browser runs. */
const APP_ADDRESS = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:\/[^\s#\p{Cc}]*$/iu

/** A name or an address, and no pattern: origins are matched exactly. */
const HOST = /^[a-z0-9.-]+$|^\[[\da-f:.]+\]$/

const READ = 'select client from allowed_client order by client'
/** $1 the clients. One statement, so that nobody reads half of it. */
const REPLACE = `
  with gone as (delete from allowed_client where client <> all($1::text[]))
  insert into allowed_client (client) select unnest($1::text[]) on conflict do nothing`

/** Who may use the sign-in popup, cookies and CORS: those of the configuration, and those that are added here. */
export class AllowedClients {
  private readonly configured: readonly string[]
  private known: { readonly clients: Promise<readonly string[]>; readonly until: number } | null = null

  constructor(
    private readonly deps: Pick<Deps, 'db' | 'config'>,
    private readonly freshSignIns: FreshSignIns,
  ) {
    this.configured = deps.config.allowedClients.map((client) => originOf(client) ?? client)
  }

  /** The origins among them, as CORS asks for them; at most 5 s old. */
  async origins(): Promise<ReadonlySet<string>> {
    return new Set((await this.all()).filter((client) => originOf(client) !== null))
  }

  /** Whether an origin or app address is on the list, exactly; on a loopback HOST any loopback origin is. */
  async includes(client: string): Promise<boolean> {
    return this.isNear(client) || (await this.all()).includes(client)
  }

  /** @throws FORBIDDEN */
  async list(caller: Caller): Promise<string[]> {
    administrator(caller)
    return [...(await this.all())]
  }

  /** Replaces those that were added; those of the configuration stay. @throws BAD_USER_INPUT; FORBIDDEN; UNAUTHENTICATED */
  async set(caller: Caller, clients: readonly string[]): Promise<string[]> {
    await this.freshSignIns.administrator(caller)
    checkClients(clients)
    const added = [...new Set(clients)].filter((client) => !this.configured.includes(client))
    await this.deps.db.sqlTransaction(async (sql) => {
      await sql.query(REPLACE, [added])
      await writeAudit(sql, caller, { action: 'allowed-clients.set', details: { count: added.length } })
    })
    this.known = null
    return [...(await this.all())]
  }

  private isNear(client: string): boolean {
    return isLoopback(this.deps.config.host) && originOf(client) === client && isLoopback(new URL(client).hostname)
  }

  private all(): Promise<readonly string[]> {
    if (this.known && this.known.until > performance.now()) return this.known.clients
    const before = this.known
    const clients = this.read().catch((error) => {
      // While the database is away the last list holds.
      if (before) return before.clients
      this.known = null
      throw error
    })
    this.known = { clients, until: performance.now() + KNOWN_MS }
    return clients
  }

  private async read(): Promise<readonly string[]> {
    const rows = await this.deps.db.query<{ client: string }>(READ)
    return [...new Set([...this.configured, ...rows.map(({ client }) => client)])]
  }
}

/** The origin that a client's address is one of; null for an app's. */
function originOf(client: string): string | null {
  if (!/^https?:/i.test(client) || !URL.canParse(client)) return null
  const { origin, pathname, search, hash, username, password } = new URL(client)
  return pathname === '/' && !search && !hash && !username && !password ? origin : null
}

function checkClients(clients: readonly string[]): void {
  if (clients.length > CLIENTS_MAX) throw badUserInput(['input', 'clients'], `are at most ${CLIENTS_MAX}`)
  const issues = clients.flatMap((client, index) =>
    client.length <= LENGTH_MAX && (APP_ADDRESS.test(client) || (originOf(client) === client && HOST.test(new URL(client).hostname)))
      ? []
      : [
          {
            path: ['input', 'clients', index],
            message: 'is an origin such as https://example.com, or an address such as com.example.app:/signed-in',
          },
        ],
  )
  if (issues.length > 0) throw badUserInput(issues)
}
