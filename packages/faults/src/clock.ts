import pg from 'pg'

type Query = (text: string) => Promise<unknown>

/** The database's clock of each service, which decides about all times: it can be moved, and only ever forward. */
export class ServiceClocks {
  private readonly ahead = new Map<string, number>()

  /** @param query as the superuser */
  constructor(private readonly query: Query) {}

  /** How far a service's clock is ahead of this machine's. */
  aheadMs(service: string): number {
    return (this.ahead.get(service) ?? 0) * 1_000
  }

  /** What would come of waiting: leases end, what is scheduled is due. */
  async goAhead(service: string, seconds: number): Promise<void> {
    const total = (this.ahead.get(service) ?? 0) + seconds
    const body = pg.escapeLiteral(`select now() + interval '${total} seconds'`)
    await this.query(
      `create or replace function ${pg.escapeIdentifier(service)}.clock() returns timestamptz language sql stable as ${body}`,
    )
    this.ahead.set(service, total)
  }
}

/** One statement over a connection of its own. */
export async function queryOnce<Row extends pg.QueryResultRow>(
  connection: pg.ClientConfig,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client(connection)
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text, [...values])).rows
  } finally {
    await client.end()
  }
}
