import type { WrittenPost } from './written-post.js'

/** More would not fit what a run may hold in memory: some hundred bytes each. */
const POSTS_MAX = 500_000
const RECENT_MAX = 300

/** Everything that was acknowledged, by post. */
export class Ledger {
  readonly posts = new Map<string, WrittenPost>()
  /** What has changed since it was last read back. */
  readonly touched = new Set<WrittenPost>()
  /** The latest ones, to be changed again. */
  readonly recent: WrittenPost[] = []

  get isFull(): boolean {
    return this.posts.size >= POSTS_MAX
  }

  add(post: WrittenPost): void {
    this.posts.set(post.id, post)
    this.recent.push(post)
    if (this.recent.length > RECENT_MAX) this.recent.shift()
    this.touched.add(post)
  }

  of(authorId: string): WrittenPost[] {
    return [...this.posts.values()].filter((post) => post.authorId === authorId)
  }
}
