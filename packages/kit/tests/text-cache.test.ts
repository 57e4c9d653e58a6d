import { describe, expect, it } from '@jest/globals'
import { TextCache } from '../src/text-cache.js'

const kept = (cache: TextCache<number>, ...texts: string[]) => texts.filter((text) => cache.get(text) !== undefined)

describe('a cache by text', () => {
  it('holds so many texts, the ones used last', () => {
    const cache = new TextCache<number>({ texts: 2, length: 100 })
    cache.set('a', 1)
    cache.set('b', 2)
    cache.get('a')
    cache.set('c', 3)
    expect(kept(cache, 'a', 'b', 'c')).toEqual(['a', 'c'])
  })

  it('holds so much text, and none that is more by itself', () => {
    const cache = new TextCache<number>({ texts: 100, length: 10 })
    cache.set('aaaa', 1)
    cache.set('bbbb', 2)
    cache.set('cccc', 3)
    expect(kept(cache, 'aaaa', 'bbbb', 'cccc')).toEqual(['bbbb', 'cccc'])
    cache.set('d'.repeat(11), 4)
    expect(kept(cache, 'bbbb', 'cccc', 'd'.repeat(11))).toEqual([])
    cache.set('e'.repeat(10), 5)
    cache.set('e'.repeat(10), 6)
    expect(cache.get('e'.repeat(10))).toBe(6)
  })
})
