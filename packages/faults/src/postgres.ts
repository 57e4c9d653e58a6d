import { type EmbeddedPostgres, startEmbeddedPostgres } from '@ashlar/database/embedded/embedded-postgres'
import { silentLog } from '@ashlar/kit/log'
import { Line } from '@ashlar/kit/testing/line'
import type pg from 'pg'
import { queryOnce } from './clock.js'
import type { Closing, Target } from './house.js'

/** The PostgreSQL of a house: embedded, started by this process, with a line of its own for each who asks it. */
export interface HousePostgres {
  readonly server: EmbeddedPostgres
  /** A new line, and the address over it. */
  line(): Promise<{ readonly line: Line; readonly url: string }>
  /** Over a connection of its own, as the superuser, past all lines. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>
}

export async function startPostgres(dataDir: string, closing: Closing): Promise<HousePostgres> {
  const server = await startEmbeddedPostgres(dataDir, silentLog())
  closing.add(() => server.close())
  await server.synced
  const { host = '', port = 5432, user = '', password, database = '' } = server.connection
  return {
    server,
    async line() {
      const line = await Line.open({ path: `${host}/.s.PGSQL.${port}` })
      closing.add(() => line.close())
      const address = new URL(`postgres://127.0.0.1:${line.port}/${database}`)
      address.username = user
      address.password = String(password)
      return { line, url: address.href }
    },
    query: (text, values) => queryOnce(server.connection, text, values),
  }
}

export const postgresTarget = ({ server }: HousePostgres, answers: () => Promise<boolean>): Target => ({
  name: 'postgres',
  pid: () => server.pid(),
  answers,
})
