export type EventType = 'PostPublished' | 'PostChanged' | 'PostRemoved'
export type Status = 'DRAFT' | 'SCHEDULED' | 'PUBLISHED'

/** A post as its author knows it from what was acknowledged. */
export interface WrittenPost {
  readonly id: string
  /** Its title, and its idempotency key: there is one post of it. */
  readonly key: string
  readonly authorId: string
  /** Steady posts stay published, so that everybody sees all of their events; fickle ones come and go. */
  readonly kind: 'steady' | 'fickle'
  status: Status
  revision: number
  /** The revisions that wrote a text: that of the n-th text is `texts[n]`. */
  readonly texts: number[]
  /** What must stand in the log about it, in this order. */
  readonly events: EventType[]
  /** How many of them have been found there. */
  found: number
  /** To be published by itself, by a job. */
  scheduled: boolean
  /** Somebody is changing it. */
  busy: boolean
  /** Not to be changed any more. */
  retired: boolean
  /** What has become of its last change is not known, and a fault by itself. */
  unsure: boolean
}

export const newPost = (post: Pick<WrittenPost, 'id' | 'key' | 'authorId' | 'kind' | 'status' | 'revision'>): WrittenPost => ({
  ...post,
  texts: [1],
  events: post.status === 'PUBLISHED' ? ['PostPublished'] : [],
  found: 0,
  scheduled: false,
  busy: false,
  retired: false,
  unsure: false,
})

/** The n-th text of a post, by which it can be told from all others. */
export const textOf = (key: string, n: number): string => `Text ${n} of ${key}, kept whatever breaks.`
