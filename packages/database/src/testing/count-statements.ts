import { AsyncLocalStorage } from 'node:async_hooks'
import pg from 'pg'

const recorded = new AsyncLocalStorage<string[]>()
const everywhere = new Set<string[]>()
let watched = false

export interface CountOptions {
  /**
   * What is recorded: what `work` itself sends, or what this process sends meanwhile, for work that asks over HTTP; then
   * the looks of jobs and logs are among it.
   */
  readonly of?: 'work' | 'process'
}

/**
 * Runs `work` and answers, beside its result, the text of every SQL statement that was sent for it, in order, BEGIN and
 * COMMIT included. For tests that hold a screen to a fixed number of statements.
 */
export async function countStatements<T>(
  work: () => Promise<T> | T,
  { of = 'work' }: CountOptions = {},
): Promise<{ result: T; statements: string[] }> {
  watch()
  const statements: string[] = []
  if (of === 'work') return { result: await recorded.run(statements, async () => work()), statements }
  everywhere.add(statements)
  try {
    return { result: await work(), statements }
  } finally {
    everywhere.delete(statements)
  }
}

type Query = (this: pg.Client, config: unknown, ...rest: unknown[]) => unknown

// Pools, Prisma's adapter and bare clients all come through here.
function watch(): void {
  if (watched) return
  watched = true
  const prototype = pg.Client.prototype as unknown as { query: Query }
  const { query } = prototype
  prototype.query = function (config, ...rest) {
    for (const statements of [recorded.getStore(), ...everywhere]) statements?.push(textOf(config))
    return query.call(this, config, ...rest)
  }
}

const textOf = (config: unknown): string =>
  typeof config === 'string'
    ? config
    : String((config as { text?: string; cursor?: { text: string } }).text ?? (config as { cursor?: { text: string } }).cursor?.text)
