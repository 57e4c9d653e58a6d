import type { Asking } from '@ashlar/kit/caller'
import type { GraphQLFormattedError } from 'graphql'
import type { Conditions } from './conditions.js'
import type { DataPath, ResponsePath } from './data-path.js'
import { Later } from './defer/later.js'
import { Entities } from './entities.js'
import type { ReadFetch } from './fetch-document.js'
import type { FetchGroup, Gathering } from './fetch-group.js'
import type { AskedNow } from './fetch-request.js'
import { FoundObjects } from './found-objects.js'
import { missingPlace } from './missing-place.js'

/** Errors of one answer; beyond them nothing new is learned. */
const ERRORS_MAX = 1_000

/** One operation as it is carried out. */
export class Run {
  /** When, by the clock that only goes forward. */
  readonly begun = performance.now()
  /** What the services have answered so far, merged. */
  readonly data: Record<string, unknown>
  readonly errors: GraphQLFormattedError[] = []
  /** Whether no text in the data needs escaping in JSON: so for a run that began with none, as long as all answers are such. */
  plain = false
  readonly entities: Entities
  /** What of it comes later. */
  readonly later: Later
  /** Whether there is an error for whatever is missing. */
  isExplained = false
  readonly found = new FoundObjects()
  /** What is being asked, so that nothing is asked twice at once. */
  readonly asked: AskedNow = new Map()
  /** The fields, with `@` for the elements of lists, for which one error stands wherever they are. */
  private readonly explained = new Set<string>()
  /** Fetches that wait for others of their group. */
  readonly gatherings = new Map<FetchGroup, Gathering>()
  /** How many fetches of a group have not come yet. */
  readonly missing = new Map<FetchGroup, number>()
  private readonly ofRoots = new WeakMap<GraphQLFormattedError, ReadFetch>()
  private readonly ofFields = new WeakSet<GraphQLFormattedError>()
  private readonly variableTexts = new Map<string, string | undefined>()

  constructor(
    readonly variables: Readonly<Record<string, unknown>>,
    readonly conditions: Conditions,
    readonly asking: Asking,
    { data, entities, later }: Partial<Pick<Run, 'data' | 'entities' | 'later'>> = {},
  ) {
    this.data = data ?? Object.create(null)
    this.entities = entities ?? new Entities()
    this.later = later ?? new Later()
  }

  /** For a part of it that comes later: with the same data, and errors of its own. */
  fork(): Run {
    return new Run(this.variables, this.conditions, this.asking, this)
  }

  /** A variable of the client's as JSON; undefined for one that was not given. */
  variable(name: string): string | undefined {
    if (!this.variableTexts.has(name))
      this.variableTexts.set(name, Object.hasOwn(this.variables, name) ? JSON.stringify(this.variables[name]) : undefined)
    return this.variableTexts.get(name)
  }

  /** Says that fields of whatever stands at a path were not answered; one error tells. */
  unanswered(path: DataPath, keys: readonly string[]): void {
    for (const key of keys) this.explained.add([...path, key].join('.'))
  }

  /** Whether an error says why there is nothing at a place. */
  explains(place: ResponsePath): boolean {
    if (this.isExplained) return true
    const steps = place.map((step) => (typeof step === 'number' ? '@' : step))
    if (steps.some((_, at) => this.explained.has(steps.slice(0, at + 1).join('.')))) return true
    return this.errors.some(({ path = [] }) => path.every((step, at) => at >= place.length || step === place[at]))
  }

  get isFull(): boolean {
    return this.errors.length >= ERRORS_MAX
  }

  /**
   * @param how `ofField`: whether it is of just the field that it names, rather than of all that was asked there; `ofRoot`: what was asked
   * of a root field, where all of it failed
   * @returns whether there is room for more
   */
  fail(error: GraphQLFormattedError, { ofField = false, ofRoot }: { ofField?: boolean; ofRoot?: ReadFetch } = {}): boolean {
    if (this.isFull) return false
    this.errors.push(error)
    if (ofField) this.ofFields.add(error)
    if (ofRoot) this.ofRoots.set(error, ofRoot)
    return !this.isFull
  }

  /** Where an error stands in the data, now that all has come. */
  pathOf(error: GraphQLFormattedError, isInAnswer: (path: ResponsePath) => boolean): ResponsePath | undefined {
    const asked = this.ofRoots.get(error)
    return asked ? missingPlace(this.data, asked, String(error.path?.[0]), isInAnswer) : error.path
  }

  isOfField(error: GraphQLFormattedError): boolean {
    return this.ofFields.has(error)
  }
}
