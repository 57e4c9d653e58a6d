import type { AnswerFacts } from '../caching/answer-facts.js'
import type { CachePolicy } from '../caching/cache-policy.js'
import { type EntityName, invalidBy } from '../caching/entity-tags.js'
import { KeptAnswers } from '../caching/kept-answers.js'
import type { OperationSummary } from '../telemetry/observed-operation.js'
import { Flights } from './flights.js'
import { OperationTexts } from './operation-texts.js'
import { type AskedFor, type RequestKey, requestKey } from './request-key.js'
import type { Viewer } from './viewer.js'

/** An answer as it goes out, encoded once for all who get it. */
export interface WholeAnswer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
  readonly policy: CachePolicy
  /** What is told of it, also where it is another's answer. */
  readonly summary?: OperationSummary | undefined
}

/** An answer that has just been made. */
export interface Made {
  readonly answer: WholeAnswer
  readonly facts: AnswerFacts
}

export interface SharingOptions {
  /** Whether those who ask the same at the same time get one answer. */
  readonly inFlight?: boolean
  /** How many bytes of answers are kept for as long as they hold; none unless given. */
  readonly cacheBytes?: number
}

export interface SharedBy {
  readonly viewer: Viewer
  /** By the graph's version, the operation with its variables, and the viewer. */
  readonly key: string
}

/** How much was not carried out, since the answer was there or on its way. */
export interface SharingStats {
  readonly joined: number
  readonly hits: number
  readonly misses: number
  readonly kept: number
  readonly keptBytes: number
}

/** Entities of one write; of more than that everything of their types is dropped. */
const ENTITIES_MAX = 200

/** Answers that several get: those who ask the same at once, and those who ask while it holds. The keys are those of security.md. */
export class SharedAnswers {
  private readonly texts = new OperationTexts()
  private readonly flights: Flights<WholeAnswer | null> | null
  private readonly kept: KeptAnswers<WholeAnswer> | null
  private hits = 0
  private misses = 0

  constructor({ inFlight = false, cacheBytes = 0 }: SharingOptions) {
    this.flights = inFlight ? new Flights() : null
    this.kept = cacheBytes > 0 ? new KeptAnswers(cacheBytes) : null
  }

  /** Whether anything is shared at all. */
  get isOn(): boolean {
    return this.flights !== null || this.kept !== null
  }

  /** Whether anything is kept, so that it has to be known what answers are made of. */
  get keeps(): boolean {
    return this.kept !== null
  }

  get stats(): SharingStats {
    const { flights, kept, hits, misses } = this
    return { joined: flights?.joined ?? 0, hits, misses, kept: kept?.count ?? 0, keptBytes: kept?.bytes ?? 0 }
  }

  /** What a request asks, whoever sends it; null where its answer is nobody else's. */
  asked(request: AskedFor): RequestKey | null {
    return this.isOn ? requestKey(request, this.texts) : null
  }

  /**
   * The answer, and how old it is where it was kept; null where the one that was waited for can't be shared.
   * @param make null for an answer that can't be shared
   */
  async answer({ viewer, key }: SharedBy, make: () => Promise<Made | null>): Promise<Kept | null> {
    const known = this.kept?.get(key)
    if (known) {
      this.hits += 1
      return known
    }
    if (this.kept) this.misses += 1
    const whole = () => this.makeAndKeep({ viewer, key }, make)
    const answer = await (this.flights ? this.flights.share(viewer, key, whole) : whole())
    return answer && { answer, ageSeconds: null }
  }

  /** Remembers which text a hash stands for, so that it can be shared from now on. */
  learn(hash: string, { source }: AnswerFacts): void {
    if (source !== null) this.texts.learn(hash, source)
  }

  /** A write has ended, whatever came of it: what its viewer asks from now on shows it, and nobody gets what it has changed as it was. */
  wrote(viewer: Viewer, changed: readonly EntityName[], keysOf: (typeName: string) => readonly string[]): void {
    this.flights?.wrote(viewer)
    this.kept?.wrote(viewer)
    const tooMany = changed.length > ENTITIES_MAX
    const types = [...new Set(changed.map(({ __typename }) => __typename))]
    this.invalidate(tooMany ? types.map((__typename) => ({ __typename })) : changed, keysOf)
  }

  /** Drops what is made of these entities, also out of what is just being made; answers how many answers that were. */
  invalidate(entities: readonly EntityName[], keysOf: (typeName: string) => readonly string[]): number {
    const { kept } = this
    if (!kept) return 0
    return entities.reduce((dropped, entity) => dropped + kept.invalidate(invalidBy(entity, keysOf(entity.__typename))), 0)
  }

  /** Of a graph that is another now: nobody asks for what was kept. */
  forget(): void {
    this.kept?.clear()
  }

  private async makeAndKeep({ viewer, key }: SharedBy, make: () => Promise<Made | null>): Promise<WholeAnswer | null> {
    const begun = this.kept?.begin() ?? 0
    const made = await make()
    if (!made) return null
    const { answer, facts } = made
    const { maxAgeSeconds, isPrivate } = answer.policy
    if (!this.kept) return answer
    // What is private, of nobody in particular: whose it is can't be known.
    if (answer.status !== 200 || maxAgeSeconds === 0 || (isPrivate && viewer.person === null)) return answer
    const tags = facts.contents?.tags
    if (tags) this.kept.keep({ key, viewer, answer, bytes: answer.body.length, maxAgeSeconds, tags, begun })
    return answer
  }
}

export interface Kept {
  readonly answer: WholeAnswer
  /** Null for one that was made just now. */
  readonly ageSeconds: number | null
}
