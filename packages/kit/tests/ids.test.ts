import { describe, expect, it } from '@jest/globals'
import { DEMO_PEOPLE, demoUserId } from '../src/demo.js'
import { decodeAnyId, decodeId, encodeId, idPrefix, newId } from '../src/ids.js'

describe('an id', () => {
  it('tells its type, and comes back as the uuid that it was made of', () => {
    const uuid = newId()
    const id = encodeId('chat_message', uuid)
    expect(id).toMatch(/^chat_message_[0-9a-z]{26}$/)
    expect(decodeAnyId(id)).toEqual({ type: 'chat_message', uuid })
    expect(decodeId('chat_message', id)).toBe(uuid)
  })

  it('of another type, or none at all, is BAD_USER_INPUT with its path', () => {
    const hostile = [
      encodeId('user', newId()),
      newId(),
      '',
      'post_',
      'post_01h',
      `post_${'8'.repeat(26)}`,
      `post_${'z'.repeat(27)}`,
      `${'a'.repeat(100_000)}_01h`,
      'POST_01h455vb4pex5vsknk084sn02q',
      "post_01h455vb4pex5vsknk084sn02' ",
    ]
    for (const id of hostile)
      expect(() => decodeId('post', id, ['input', 'postId'])).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }))
  })

  it('begins with its type in snake_case', () => {
    expect(['Post', 'ChatMessage', 'FeedEntry'].map(idPrefix)).toEqual(['post', 'chat_message', 'feed_entry'])
  })

  it('of the demo is the same each time, and different for each', () => {
    expect(new Set(DEMO_PEOPLE.map(demoUserId)).size).toBe(DEMO_PEOPLE.length)
    expect(demoUserId('mara')).toBe('019ca884-c740-722d-b274-1f7e7cda7da4')
  })
})
