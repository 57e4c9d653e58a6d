import type { CacheHints } from '@ashlar/kit/caller'
import { type CachePolicy, NOT_KEPT, policyOfHeader, stricter } from './cache-policy.js'
import type { Contents } from './entity-tags.js'

export interface Executed {
  /** The operation's text. */
  readonly source: string
  /** By `@cacheControl`; null where the graph does not know that directive. */
  readonly declared: CachePolicy | null
  /** Whether it is complete and without errors. */
  readonly whole: boolean
  /** What it is made of, for who wants to know. */
  readonly contents: () => Contents
}

/** What is learned of one answer while it is made: whether it may be kept, for how long, for whom, and what it is made of. */
export class AnswerFacts implements CacheHints {
  private heard: CachePolicy | null = null
  private unsaid = false
  private executed: Executed | null = null
  private letGo: (() => void) | null = null
  private own = false

  answered(cacheControl: string | undefined, age?: string): void {
    if (cacheControl === undefined) {
      this.unsaid = true
      return
    }
    const policy = policyOfHeader(cacheControl, age)
    this.heard = this.heard ? stricter(this.heard, policy) : policy
  }

  /** Not said of an operation that never ran. */
  ran(executed: Executed): void {
    this.executed = executed
  }

  /** More decides what it is than it could be known by, and that may be another the next moment. */
  isOfThisRequest(): void {
    this.own = true
  }

  /** Whether it is for who asked alone, and not even for who asks the same. */
  get isOwn(): boolean {
    return this.own
  }

  /** Has something let go of once the answer is made. */
  onMade(letGo: () => void): void {
    this.letGo = letGo
  }

  /** The answer is made, and nobody asks for its contents any more. */
  made(): void {
    this.executed = null
    this.letGo?.()
    this.letGo = null
  }

  get source(): string | null {
    return this.executed?.source ?? null
  }

  /**
   * The least that the schema's directives and the services' headers allow (`@cacheControl` by Apollo's rules). Where the graph has the
   * directive, a service without a header is held to be described by it; where it has not, such a service's answer is not kept.
   */
  get policy(): CachePolicy {
    const { executed, heard, unsaid } = this
    if (!executed?.whole || this.own) return NOT_KEPT
    if (executed.declared) return heard ? stricter(executed.declared, heard) : executed.declared
    return heard && !unsaid ? heard : NOT_KEPT
  }

  get contents(): Contents | null {
    return this.executed?.contents() ?? null
  }
}
