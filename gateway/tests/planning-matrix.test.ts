import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { hasContract } from './support/contract.js'
import { codesOf, type Running, startGateway } from './support/running-gateway.js'
import { standIns } from './support/stand-ins.js'

const ADDED = ['Alpha', 'Beta', 'Gamma', 'Delta', 'Epsilon', 'Zeta', 'Eta', 'Theta', 'Iota', 'Kappa']
/** Of what is refused after its deadline of 2 s, on a machine that does other things as well. */
const GENEROUS_MS = 10_000

const comments = (levels: number): string =>
  levels === 0 ? 'id' : `comments(first: 1) { nodes { text author { username } subject { id ${comments(levels - 1)} } } }`
const tags = (levels: number): string => (levels === 0 ? 'id' : `tags { name subjects(first: 1) { nodes { id ${tags(levels - 1)} } } }`)
const inTurn = (levels: number): string =>
  levels === 0
    ? 'id'
    : `comments(first: 1) { nodes { text subject { id tags { name subjects(first: 1) { nodes { id ${inTurn(levels - 1)} } } } } } }`

/** What is refused takes its deadline, and a thread: of that, two. */
const KINDS = [
  { kind: 'comments', nested: comments, depths: [1, 2, 3, 4, 5, 6] },
  { kind: 'tags', nested: tags, depths: [1, 2, 3, 4, 5, 6] },
  { kind: 'both in turn', nested: inTurn, depths: [1, 2, 6] },
]

;(hasContract ? describe : describe.skip)(
  'planning over the whole contract (only where ../shared/contract lies beside the project)',
  () => {
    describe.each([
      ['as it is', []],
      ['with ten added subject types', ADDED],
    ])('%s', (_, addedSubjects) => {
      let running: Running
      beforeAll(async () => {
        const subgraphs = standIns({ addedSubjects, listSize: 1 })
        running = await startGateway({ subgraphs, limits: { cost: Number.POSITIVE_INFINITY } })
        await running.ask('{ posts { totalCount } }')
      }, 60_000)
      afterAll(async () => {
        await running[Symbol.asyncDispose]()
      })

      it.each(KINDS)(
        'plans six levels of $kind, or refuses them, and bears it',
        async ({ kind, nested, depths }) => {
          const delay = monitorEventLoopDelay({ resolution: 5 })
          delay.enable()
          const rows: string[] = []
          for (const levels of depths) {
            // The thread that a refused operation has ended is another's to wait for.
            await running.ask(`{ posts { ${kind.replaceAll(' ', '')}${levels}: totalCount } }`)
            const begun = performance.now()
            const answer = await running.ask(`{ posts(first: 1) { nodes { ${nested(levels)} } } }`)
            const tookMs = performance.now() - begun
            const outcome = answer.json.errors ? String(codesOf(answer)) : 'planned'
            rows.push(`${kind}, ${levels} levels: ${outcome} in ${Math.round(tookMs)} ms`)
            expect(['planned', 'TOO_COMPLEX']).toContain(outcome)
            expect(tookMs).toBeLessThan(GENEROUS_MS)
          }
          delay.disable()
          process.stdout.write(`${rows.join('\n')}\nevent loop's p99.9: ${Math.round(delay.percentile(99.9) / 1e6)} ms\n`)
          expect(delay.percentile(99.9) / 1e6).toBeLessThan(GENEROUS_MS)
        },
        120_000,
      )
    })
  },
)
