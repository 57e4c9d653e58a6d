import type { Limits } from '../limits.js'
import type { GatewaySubgraph } from '../subgraph.js'
import { readAnswer } from './answer.js'
import { type Source, Unreachable } from './source.js'

/** Asks a service that runs in this process, within `fetchMs`. */
export const inProcess = (subgraph: GatewaySubgraph, { fetchMs }: Pick<Limits, 'fetchMs'>): Source => ({
  async ask(request, asking) {
    // Within the promise, so that a service that throws at once is no different.
    const answer = Promise.resolve().then(() => subgraph.execute(request, asking))
    const read = readAnswer(await withDeadline(answer, fetchMs))
    asking.reply.hints?.answered(undefined)
    return read
  },
  ...(subgraph.subscribe && {
    async *follow(request, asking, signal) {
      const opened = Promise.resolve().then(() => subgraph.subscribe?.(request, asking, signal))
      const answers = await withDeadline(opened, fetchMs).catch((error: Error) => {
        throw new Unreachable(error.message, { cause: error })
      })
      if (!answers) throw new Unreachable('has no subscriptions')
      if (!(Symbol.asyncIterator in answers)) yield readAnswer(answers)
      else for await (const answer of answers) yield readAnswer(answer)
    },
  }),
})

async function withDeadline<Value>(value: Promise<Value>, limitMs: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const overrun = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${limitMs} ms`)), limitMs)
  })
  return Promise.race([value, overrun]).finally(() => clearTimeout(timer))
}
