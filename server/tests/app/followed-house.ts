import { silent } from '@ashlar/database/logger'
import { type OpenServicesOptions, openServices } from '@ashlar/database/open-services'
import { memoryBus } from '@ashlar/kit/events/bus'
import { Consumer } from '@ashlar/kit/events/consumer'
import { EventLog, type LogEvent } from '@ashlar/kit/events/event-log'
import { LiveReader } from '@ashlar/kit/events/live-reader'
import { localSource } from '@ashlar/kit/events/local-source'
import { silentLog } from '@ashlar/kit/log'

export const FOLLOWER = 'helloworld.of-posts'

/** A consumer of the posts' log on the side of helloworld, in the test's process, on the data of an Ashlar that may run or not. */
export interface Follower extends AsyncDisposable {
  readonly consumer: Consumer
  readonly live: LiveReader
  /** What it has done, as `topic n`. */
  readonly done: readonly string[]
  /** What fails for as long as it stands here, as `topic n`. */
  readonly poison: Set<string>
  /** Writes events to the posts' log. */
  tell(topic: string, ...numbers: number[]): Promise<void>
}

export async function followPosts(way: Omit<OpenServicesOptions, 'services' | 'log'>, ...poison: string[]): Promise<Follower> {
  const services = await openServices({ ...way, services: ['helloworld', 'posts'], log: silent })
  const [reader, owner] = ['helloworld', 'posts'].map((name) => services.reached.get(name))
  if (!reader || !owner) throw new Error(`not reached: ${[...services.unreached.values()].map(({ message }) => message)}`)
  const events = new EventLog(owner, memoryBus(), silentLog())
  const live = new LiveReader(events, silentLog())
  const done: string[] = []
  const failing = new Set(poison)
  const handle = async ({ topic, type, data }: LogEvent) => {
    if (type !== 'test.told' || done.includes(`${topic} ${data.n}`)) return
    if (failing.has(`${topic} ${data.n}`)) throw new Error(`poison\u001b[31m of ${topic}`)
    done.push(`${topic} ${data.n}`)
  }
  const consumer = new Consumer({ name: FOLLOWER, source: localSource(events), from: 'beginning', handle }, reader, silentLog())
  consumer.start()
  return {
    consumer,
    live,
    done,
    poison: failing,
    tell: (topic, ...numbers) =>
      owner.sqlTransaction(async (sql) => {
        for (const n of numbers) await events.append(sql, { topic, type: 'test.told', data: { n } })
      }),
    async [Symbol.asyncDispose]() {
      await consumer.stop()
      await live.close()
      await events.close()
      await services.close()
    },
  }
}
