import type { Viewer } from '../sharing/viewer.js'
import { type EntityTags, type Invalid, isInvalid } from './entity-tags.js'

export interface Kept<Answer> {
  readonly answer: Answer
  readonly ageSeconds: number
}

/** What is to be kept. */
export interface Keeping<Answer> {
  readonly key: string
  readonly viewer: Viewer
  readonly answer: Answer
  readonly bytes: number
  readonly maxAgeSeconds: number
  readonly tags: EntityTags
  /** What `begin` said when its making began. */
  readonly begun: number
}

interface Entry<Answer> extends Keeping<Answer> {
  readonly size: number
  readonly since: number
}

/** Invalidations remembered for what is being made meanwhile; what has been made for longer than they reach back is not kept. */
const INVALIDATIONS_MAX = 1_000
/** Of an entry itself, and of each tag in it and in the index. */
const ENTRY_BYTES = 500
const TAG_BYTES = 200

type Change = { readonly invalid: Invalid } | { readonly person: string }

/**
 * Whole answers for as long as they hold: the one used longest ago makes room, and what is invalidated is gone at once, also out of what was
 * being made meanwhile. Bounded by bytes.
 */
export class KeptAnswers<Answer> {
  private readonly entries = new Map<string, Entry<Answer>>()
  /** Which answers have a tag, and which are whose. */
  private readonly tagged = new Map<string, Set<Entry<Answer>>>()
  private readonly owned = new Map<string, Set<Entry<Answer>>>()
  private readonly changes: Change[] = []
  private changed = 0
  private size = 0

  constructor(
    private readonly bytesMax: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get count(): number {
    return this.entries.size
  }

  get bytes(): number {
    return this.size
  }

  get(key: string): Kept<Answer> | null {
    const entry = this.entries.get(key)
    if (!entry) return null
    const ageSeconds = (this.now() - entry.since) / 1_000
    if (ageSeconds >= entry.maxAgeSeconds) {
      this.drop(entry)
      return null
    }
    this.entries.delete(key)
    this.entries.set(key, entry)
    return { answer: entry.answer, ageSeconds: Math.floor(ageSeconds) }
  }

  /** Before an answer is made that may be kept. */
  begin(): number {
    return this.changed
  }

  /** Keeps it, unless something that it is made of has changed since it was begun. */
  keep(keeping: Keeping<Answer>): void {
    const size = ENTRY_BYTES + keeping.bytes + 2 * keeping.key.length + TAG_BYTES * keeping.tags.size
    if (size > this.bytesMax || this.hasChanged(keeping)) return
    const before = this.entries.get(keeping.key)
    if (before) this.drop(before)
    const entry: Entry<Answer> = { ...keeping, size, since: this.now() }
    this.entries.set(keeping.key, entry)
    this.size += size
    for (const tag of keeping.tags) into(this.tagged, tag, entry)
    if (keeping.viewer.person !== null) into(this.owned, keeping.viewer.person, entry)
    for (const oldest of this.entries.values()) {
      if (this.size <= this.bytesMax) return
      this.drop(oldest)
    }
  }

  /** Drops what is made of an entity; answers how many answers that were. */
  invalidate(invalid: Invalid): number {
    this.note({ invalid })
    const [any = []] = invalid
    const found = any.flatMap((tag) => [...(this.tagged.get(tag) ?? [])]).filter(({ tags }) => isInvalid(tags, invalid))
    const entries = new Set(found)
    for (const entry of entries) this.drop(entry)
    return entries.size
  }

  /** Drops what is somebody's: they have written, and want to see it. */
  wrote({ person }: Viewer): void {
    if (person === null) return
    this.note({ person })
    for (const entry of this.owned.get(person) ?? []) this.drop(entry)
  }

  clear(): void {
    this.entries.clear()
    this.tagged.clear()
    this.owned.clear()
    this.size = 0
  }

  private note(change: Change): void {
    this.changed += 1
    this.changes.push(change)
    if (this.changes.length > INVALIDATIONS_MAX) this.changes.shift()
  }

  private hasChanged({ begun, tags, viewer }: Keeping<Answer>): boolean {
    const since = this.changed - begun
    if (since === 0) return false
    if (since > this.changes.length) return true
    return this.changes
      .slice(-since)
      .some((change) => ('invalid' in change ? isInvalid(tags, change.invalid) : change.person === viewer.person))
  }

  private drop(entry: Entry<Answer>): void {
    if (!this.entries.delete(entry.key)) return
    this.size -= entry.size
    for (const tag of entry.tags) outOf(this.tagged, tag, entry)
    if (entry.viewer.person !== null) outOf(this.owned, entry.viewer.person, entry)
  }
}

function into<Key, Value>(index: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = index.get(key)
  if (values) values.add(value)
  else index.set(key, new Set([value]))
}

function outOf<Key, Value>(index: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = index.get(key)
  values?.delete(value)
  if (values?.size === 0) index.delete(key)
}
