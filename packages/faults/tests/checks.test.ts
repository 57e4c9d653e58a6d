import { describe, expect, it } from '@jest/globals'
import { FaultsFound } from '../src/faults-found.js'
import { compareLog, compareReceived, type Logged, waitsFor } from '../src/posts/compare.js'
import { newPost, type WrittenPost } from '../src/posts/written-post.js'
import { Seeded } from '../src/seeded.js'
import { readSettings } from '../src/settings.js'

const post = (id: string, changes: Partial<WrittenPost> = {}): WrittenPost => ({
  ...newPost({ id, key: `key of ${id}`, authorId: 'author', kind: 'steady', status: 'PUBLISHED', revision: 1 }),
  ...changes,
})
const at = (position: number, type: Logged['type'], postId = 'a'): Logged => ({ position, type, postId })

/** What is said of a log, where a post was created, changed and changed again. */
function saidOf(log: readonly Logged[]): string[] {
  const posts = new Map([['a', post('a', { events: ['PostPublished', 'PostChanged', 'PostRemoved'] })]])
  const found = new FaultsFound()
  compareLog(log, posts, found)
  return [...found.first.map(({ kind }) => kind), ...waitsFor(posts.values()).map(() => 'WAITS')]
}

describe('the log compared with what was acknowledged', () => {
  const whole = [at(1, 'PostPublished'), at(2, 'PostChanged'), at(5, 'PostRemoved')]
  it.each([
    ['is right', whole, []],
    ['lacks the last one', whole.slice(0, 2), ['WAITS']],
    ['lacks one in the midst', [at(1, 'PostPublished'), at(5, 'PostRemoved')], ['OUT_OF_ORDER', 'WAITS']],
    ['has one twice', [...whole, at(6, 'PostRemoved')], ['DOUBLED']],
    ['has two the other way round', [at(1, 'PostChanged'), at(2, 'PostPublished'), at(5, 'PostRemoved')], ['OUT_OF_ORDER', 'OUT_OF_ORDER']],
    ['has positions that go back', [at(2, 'PostPublished'), at(1, 'PostChanged'), at(5, 'PostRemoved')], ['OUT_OF_ORDER']],
    ['has what nobody was told of', [...whole, at(6, 'PostPublished', 'b')], ['DOUBLED']],
  ])('%s', (_, log, said) => {
    expect(saidOf(log)).toEqual(said)
  })
})

describe('what a subscriber got, compared with the log', () => {
  const log = [at(1, 'PostPublished'), at(2, 'PostChanged'), at(5, 'PostRemoved')]
  it.each([
    ['is right', log, []],
    ['lacks one', [log[0], log[2]], ['LOST']],
    ['has one too many', [...log, at(7, 'PostChanged')], ['DOUBLED']],
    ['has another in its place', [log[0], at(2, 'PostRemoved'), log[2]], ['CHANGED']],
  ])('%s', (_, received, said) => {
    const found = new FaultsFound()
    compareReceived('subscriber', received as Logged[], log, found)
    expect(found.first.map(({ kind }) => kind)).toEqual(said)
  })
})

describe('numbers of a seed', () => {
  it('come again, each name its own, and keep their bounds', () => {
    const draw = (seeded: Seeded) => Array.from({ length: 1_000 }, () => seeded.next())
    expect(draw(new Seeded(7))).toEqual(draw(new Seeded(7)))
    expect(draw(new Seeded(7))).not.toEqual(draw(new Seeded(8)))
    expect(draw(new Seeded(7).fork('a'))).not.toEqual(draw(new Seeded(7).fork('b')))
    const numbers = draw(new Seeded(7))
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
    expect(Math.abs(numbers.reduce((sum, number) => sum + number, 0) / numbers.length - 0.5)).toBeLessThan(0.05)
  })
})

describe('the settings of a long run', () => {
  it('are read, and what they do not know is refused with how they are written', () => {
    expect(readSettings(['--seed', '7', '--only', 'worker,kill', '--targets', 'posts,gateway 1'])).toMatchObject({
      seed: 7,
      rounds: 20,
      only: ['kill', 'worker'],
      targets: ['posts', 'gateway 1'],
    })
    for (const wrong of [['--rounds', '0'], ['--rounds'], ['--rate', 'x'], ['--only', 'sleep'], ['seed', '7']])
      expect(() => readSettings(wrong)).toThrow('npm run faults')
  })
})
