import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from '@jest/globals'
import { until } from '../src/testing/until.js'
import { runWorker, WorkerLane } from '../src/worker-lane.js'

const folder = mkdtempSync(join(tmpdir(), 'ashlar-test-'))
function file(name: string, source: string): URL {
  const path = join(folder, `${name}.mjs`)
  writeFileSync(path, source)
  return pathToFileURL(path)
}
const LANE = file(
  'lane',
  `import { parentPort, threadId } from 'node:worker_threads'
   parentPort.on('message', ({ id, request }) => {
     if (request === 'hang') for (;;) {}
     if (request === 'eat') { const eaten = []; for (;;) eaten.push(new Array(1e5).fill(id)) }
     if (request === 'end') process.exit(1)
     parentPort.postMessage(request === 'fault' ? { id, fault: 'no' } : { id, result: request + ' by ' + threadId })
   })
   parentPort.postMessage({ ready: true })`,
)

const lanes: WorkerLane<string, string>[] = []
function lane(options: Partial<ConstructorParameters<typeof WorkerLane>[0]> = {}) {
  const made = new WorkerLane<string, string>({
    file: LANE,
    limitMs: 1_000,
    waitingMax: 100,
    failure: (reason, overran) => new Error(`${overran}: ${reason}`),
    ...options,
  })
  lanes.push(made)
  return made
}
afterEach(() => Promise.all(lanes.splice(0).map((made) => made.close())))

describe('a lane of work in a thread', () => {
  it('answers in order, all by one thread', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => lanes[0]?.ask(`${n}`) ?? lane().ask(`${n}`)))
    expect(answers.map((answer) => answer.split(' by ')[0])).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`))
    expect(new Set(answers.map((answer) => answer.split(' by ')[1])).size).toBe(1)
  })

  it.each(['hang', 'eat', 'end'])('fails only what makes the thread %s, and goes on with another', async (bad) => {
    const [before, failed, after] = await Promise.allSettled(
      ['a', bad, 'b'].map((request) => lanes[0]?.ask(request) ?? lane({ limitMs: bad === 'eat' ? 30_000 : 500 }).ask(request)),
    )
    expect(before?.status).toBe('fulfilled')
    expect(failed).toMatchObject({ status: 'rejected', reason: { message: expect.stringMatching(/^true: /) } })
    expect(after).toMatchObject({ status: 'fulfilled', value: expect.stringMatching(/^b by /) })
  })

  it('says what the thread found at fault', async () => {
    await expect(lane().ask('fault')).rejects.toThrow('false: no')
  })

  it('lets only so many wait', async () => {
    const made = lane({ waitingMax: 2 })
    const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd'].map((request) => made.ask(request)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected'])
    expect(outcomes[3]).toMatchObject({ reason: { code: 'RATE_LIMITED' } })
  })

  it('lets nothing wait for too long', async () => {
    const made = lane({ limitMs: 1_000, waitingMs: 500 })
    // Until the thread has loaded, which takes as long as it takes, nobody's time runs.
    made.warm()
    await until(() =>
      made.ask('loaded').then(
        () => true,
        () => false,
      ),
    )
    const outcomes = await Promise.allSettled(['a', 'hang', 'b'].map((request) => made.ask(request)))
    expect(outcomes[0]?.status).toBe('fulfilled')
    expect(outcomes[2]).toMatchObject({ reason: { code: 'RATE_LIMITED' } })
    expect(await made.ask('c')).toMatch(/^c by /)
  })

  it('finishes what waits when it drains, and refuses what waits when it closes', async () => {
    const draining = lane()
    const answers = ['a', 'b'].map((request) => draining.ask(request))
    await draining.drain()
    expect((await Promise.all(answers)).length).toBe(2)
    await expect(draining.ask('c')).rejects.toThrow()
    const closing = lane()
    const refused = expect(closing.ask('a')).rejects.toThrow('closed')
    await closing.close()
    await refused
  })

  it('fails whoever waits, rather than trying for ever, when the thread does not even load', async () => {
    const broken = lane({ file: file('broken', `throw new Error('no')`) })
    await expect(broken.ask('a')).rejects.toThrow('did not start')
  })
})

describe('a thread for one input', () => {
  it('answers once, or fails in its time', async () => {
    const echo = file('echo', `import { parentPort, workerData } from 'node:worker_threads'; parentPort.postMessage(workerData)`)
    expect(await runWorker(echo, { a: 1 }, 5_000)).toEqual({ a: 1 })
    await expect(runWorker(file('hang', 'for (;;) {}'), null, 200)).rejects.toThrow('took longer')
    await expect(runWorker(file('silent', ''), null, 5_000)).rejects.toThrow('without an answer')
  })
})
