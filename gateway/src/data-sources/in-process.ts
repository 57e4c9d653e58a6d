import type { Limits } from '../limits.js'
import type { GatewaySubgraph } from '../subgraph.js'
import { readAnswer, readFollowed } from './answer.js'
import { type Source, Unreachable } from './source.js'

/** Asks a service that runs in this process, within `fetchMs`. */
export function inProcess(subgraph: GatewaySubgraph, { fetchMs }: Pick<Limits, 'fetchMs'>): Source {
  const waits = new Waits(fetchMs)
  return {
    abort: (reason) => waits.abort(reason),
    async ask(request, asking) {
      // Within the promise, so that a service that throws at once is no different.
      const answer = Promise.resolve().then(() => subgraph.execute(request, asking))
      const read = readAnswer(await waits.for(answer))
      asking.reply.hints?.answered(undefined)
      return read
    },
    ...(subgraph.subscribe && {
      async *follow(request, asking, signal) {
        const opened = Promise.resolve().then(() => subgraph.subscribe?.(request, asking, signal))
        const answers = await waits.for(opened).catch((error: Error) => {
          throw new Unreachable(error.message, { cause: error })
        })
        if (!answers) throw new Unreachable('has no subscriptions')
        if (!(Symbol.asyncIterator in answers)) yield readAnswer(answers)
        else for await (const answer of answers) yield readFollowed(answer)
      },
    }),
  }
}

/** What is waited for, each within its time. */
class Waits {
  private readonly ends = new Set<(reason: Error) => void>()

  constructor(private readonly limitMs: number) {}

  async for<Value>(value: Promise<Value>): Promise<Value> {
    let end: (reason: Error) => void = () => {}
    const overrun = new Promise<never>((_, reject) => {
      end = reject
    })
    this.ends.add(end)
    const timer = setTimeout(() => end(new Error(`took longer than ${this.limitMs} ms`)), this.limitMs)
    return Promise.race([value, overrun]).finally(() => {
      clearTimeout(timer)
      this.ends.delete(end)
    })
  }

  abort(reason: Error): void {
    for (const end of this.ends) end(reason)
  }
}
