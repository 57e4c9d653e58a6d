import type { Asking } from '@ashlar/kit/caller'
import { notFound } from '@ashlar/kit/errors'
import { buildSchema, type GraphQLSchema } from 'graphql'
import type { Listener, StreamRequest } from '../../src/streams/stream.js'

interface Context {
  readonly listener: Listener
  readonly signal: AbortSignal
  readonly resume?: StreamRequest['resume']
}

/** What is said to whoever listens to `news`. */
export class News {
  private readonly listeners = new Set<(text: string) => void>()

  get listenerCount(): number {
    return this.listeners.size
  }

  tell(text: string): void {
    for (const listener of this.listeners) listener(text)
  }

  async *follow({ signal }: Context): AsyncGenerator<string> {
    const waiting: string[] = []
    let wake = () => {}
    const listener = (text: string) => {
      waiting.push(text)
      wake()
    }
    const stirred = () => wake()
    this.listeners.add(listener)
    signal.addEventListener('abort', stirred)
    try {
      while (!signal.aborted) {
        const text = waiting.shift()
        if (text !== undefined) yield text
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      this.listeners.delete(listener)
      signal.removeEventListener('abort', stirred)
    }
  }
}

/** A schema with streams of each kind: counted, endless, quiet, and those that fail. */
export function greetingsSchema(news: News): GraphQLSchema {
  const schema = buildSchema(`
    type Query { hello: String whoAmI: String }
    type Mutation { shout(text: String!): String }
    type Subscription {
      greetings(count: Int!): Greeting!
      news: String
      flood(bytes: Int!): String!
      missing: String
      whoAmI: String
    }
    type Greeting { number: Int! text: String! cursor: String }`)
  const who = ({ listener }: Context) => describe(listener.asking())
  const subscribers: Record<string, (args: Record<string, number>, context: Context) => AsyncGenerator<unknown>> = {
    async *greetings({ count = 0 }, { resume }) {
      for (let number = Number(resume?.after ?? 0) + 1; number <= count; number += 1)
        yield { number, text: `hello ${number} – γειά`, cursor: String(number) }
    },
    news: (_, context) => news.follow(context),
    async *flood({ bytes }, { signal }) {
      while (!signal.aborted) yield 'x'.repeat(bytes ?? 0)
    },
    async *missing() {
      yield 'there'
      throw notFound()
    },
    async *whoAmI(_, context) {
      for await (const _text of news.follow(context)) yield who(context)
    },
  }
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
    field.subscribe = (_, args, context) => subscribers[field.name]?.(args, context as Context)
    field.resolve = (event) => event
  }
  const query = schema.getQueryType()?.getFields()
  if (query?.hello) query.hello.resolve = () => 'world'
  if (query?.whoAmI) query.whoAmI.resolve = (_, __, context) => who(context as Context)
  const shout = schema.getMutationType()?.getFields().shout
  if (shout) shout.resolve = (_, { text }: { text: string }) => text.toUpperCase()
  return schema
}

const describe = ({ identity, request, forwarded }: Asking): string =>
  JSON.stringify({ userId: identity?.userId ?? null, scopes: identity?.scopes ?? [], clientAddress: request.clientAddress, forwarded })
