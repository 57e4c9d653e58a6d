import { setImmediate as turn } from 'node:timers/promises'
import type { Identity } from '@ashlar/kit/caller'
import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { IDENTITY, type Running, startGateway } from './support/running-gateway.js'
import { shop } from './support/shop.js'

async function authenticate(authorization: string | undefined): Promise<Identity | null> {
  return authorization ? { ...IDENTITY, userId: authorization } : null
}

const { all, catalogue, reviews } = shop()
for (const service of [catalogue, reviews]) {
  const answer = service.execute.bind(service)
  service.execute = async (request, asking) => {
    // What it says may have been so for a while when it comes.
    const answered = await answer(request, asking)
    const [, turns] = asking.request.id.split('.')
    for (let left = Number(turns); left > 0; left -= 1) await turn()
    return answered
  }
}

/** Each shows the name of a product, asked for in another way. */
const QUERIES = [
  ['1', '{ product(upc: "1") { name } }', 'product.name'],
  ['1', '{ product(upc: "1") { upc name sku } }', 'product.name'],
  ['1', '{ p: product(upc: "1") { upc: name name: upc sku: __typename } }', 'p.upc'],
  ['2', '{ product(upc: "2") { reviews { product { name } } } }', 'product.reviews.0.product.name'],
  ['2', '{ products { name } }', 'products.1.name'],
  ['2', '{ either { ... on Product { name } } }', 'either.name'],
  ['1', '{ thing { name } }', 'thing.name'],
  ['1', '{ mine { sku name } }', 'mine.name'],
] as const
/** What a write tells of what it has written. */
const ANSWERS = ['upc', 'sku', 'name', 'upc sku name', 'reviews { product { upc } }']
const VIEWERS = ['', 'ada']

const step = fc.record({
  writes: fc.integer({ min: 0, max: 9 }).map((drawn) => drawn < 2),
  query: fc.nat(),
  upc: fc.constantFrom('1', '2'),
  answer: fc.constantFrom(...ANSWERS),
  viewer: fc.constantFrom(...VIEWERS),
  /** How many turns of the event loop the answers of services take. */
  turns: fc.constantFrom(0, 5, 50, 200),
  waits: fc.boolean(),
})

const at = (data: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | null)?.[key], data)

/** The last that was written: later ones are greater, also over another gateway. */
let version = 0

it.each([
  ['whoever asks, and whoever has written', { inFlight: false, cacheBytes: 200_000 }],
  // What is being made for somebody is parted by their own writes alone.
  ['who has written, while others may wait for the same', { inFlight: true, cacheBytes: 200_000 }],
])(
  'never shows what was before a write that has ended, however it is asked for, and whatever is going on, to %s',
  async (_, sharing) => {
    await using running: Running = await startGateway({ subgraphs: all, authenticate, sharing })
    await fc.assert(
      fc.asyncProperty(
        fc.subarray([...QUERIES], { minLength: 1, maxLength: 2 }),
        fc.array(step, { minLength: 20, maxLength: 60 }),
        async (queries, steps) => {
          /** Of each product, the latest version of which a write has ended; where writers part what is being made, by each of them. */
          const written: Record<string, number> = {}
          const keyOf = (upc: string, viewer: string) => (sharing.inFlight ? `${upc} ${viewer}` : upc)
          const going: Promise<void>[] = []
          let writing = Promise.resolve()
          for (const { writes, query, upc, answer, viewer, turns, waits } of steps) {
            const headers = { 'x-request-id': `request-that-takes.${turns}`, ...(viewer && { authorization: viewer }) }
            const [of, text, path] = queries[query % queries.length] ?? QUERIES[0]
            const go = async () => {
              if (writes) {
                version += 1
                const name = version
                await running.ask(`mutation { rename(upc: "${upc}", name: "${name}") { ${answer} } }`, {}, headers)
                const key = keyOf(upc, viewer)
                written[key] = Math.max(written[key] ?? 0, name)
                return
              }
              const least = written[keyOf(of, viewer)] ?? 0
              const shown = at((await running.ask(text, {}, headers)).json.data, path)
              if (least > 0) expect({ text, name: Number(shown) >= least }).toEqual({ text, name: true })
            }
            // Writes one after another, so that it is known which was the last; what reads goes on meanwhile.
            const gone = writes ? writing.then(go) : go()
            if (writes) writing = gone
            going.push(gone)
            if (waits) await gone
          }
          await Promise.all(going)
        },
      ),
      { numRuns: 15, endOnFailure: true },
    )
    const { hits, joined } = running.gateway.sharing
    process.stdout.write(`  ${hits} answers were kept, ${joined} were on their way\n`)
    expect(hits).toBeGreaterThan(20)
  },
  120_000,
)
