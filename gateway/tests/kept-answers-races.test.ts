import { setImmediate as turn } from 'node:timers/promises'
import type { Identity } from '@ashlar/kit/caller'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { IDENTITY, type Running, startGateway } from './support/running-gateway.js'
import { shop } from './support/shop.js'

async function authenticate(authorization: string | undefined): Promise<Identity | null> {
  return authorization ? { ...IDENTITY, userId: authorization } : null
}

const { all, catalogue, reviews } = shop()
let running: Running
beforeAll(async () => {
  running = await startGateway({ subgraphs: all, authenticate, sharing: { inFlight: true, cacheBytes: 200_000 } })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})

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

it('never shows what was before a write that has ended, whoever asks, however it is asked for, and whatever is going on', async () => {
  let version = 0
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
  await fc.assert(
    fc.asyncProperty(
      fc.subarray([...QUERIES], { minLength: 1, maxLength: 2 }),
      fc.array(step, { minLength: 20, maxLength: 60 }),
      async (queries, steps) => {
        /** Of each product, the latest version of which a write has ended. */
        const written: Record<string, number> = { '1': 0, '2': 0 }
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
              written[upc] = Math.max(written[upc] ?? 0, name)
              return
            }
            const least = written[of] ?? 0
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
}, 120_000)
