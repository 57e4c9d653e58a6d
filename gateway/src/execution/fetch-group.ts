import type { Logger } from '@ashlar/kit/log'
import type { GraphQLSchema } from 'graphql'
import { failureOf } from '../data-sources/failure.js'
import type { Source } from '../data-sources/source.js'
import { type DataPath, visitAt } from './data-path.js'
import { entityKeys } from './entity-keys.js'
import { explainFailure, takeAnswer, tellError } from './fetch-answer.js'
import { type FetchDocument, fetchDocument, type ReadFetch } from './fetch-document.js'
import { askOnce, FetchRequest } from './fetch-request.js'
import { inTime, type Times } from './in-time.js'
import { quoted } from './json-text.js'
import { compileRepresentation, type Represent } from './representations.js'
import type { Run } from './run.js'

type Data = Record<string, unknown>

/**
 * A step of a plan: what it learns goes into the run. Never rejects: what fails is an error of the answer.
 * @param tookMs how long the step before took
 * @returns how long this one took
 */
export type Step = (run: Run, tookMs: number) => Promise<number>

export interface FetchOptions {
  /** With what is not for clients. */
  readonly schema: GraphQLSchema
  readonly sources: Readonly<Record<string, Source>>
  readonly log: Logger
  /** How long it may take; as long as it likes without it. */
  readonly times?: Times
  /** After how many answers of an operation code is generated for them. */
  readonly codeAfter?: number
}

/** A fetch, and where in the data the entities are that it is about; an empty path is the root. */
export interface PlacedFetch {
  readonly fetch: ReadFetch
  readonly path: DataPath
}

export interface Member extends PlacedFetch {
  /** The path as text. */
  readonly where: string
  readonly representing: () => Represent
}

/** Members that ask the same of entities, whose representations go out in one list. */
export interface Cluster {
  readonly members: readonly Member[]
  readonly fetch: ReadFetch
  /** Whether what comes for an entity may mean something else in each place where it stands, and is never between several. */
  readonly apart?: boolean
}

/** What a cluster is about in one run: each entity once, with all the objects that are it, by the member whose path leads to them. */
export interface Wanted {
  readonly cluster: Cluster
  readonly entities: ReadonlyMap<string, readonly ReadonlySet<Data>[]>
}

interface Compiled {
  readonly document: FetchDocument
  readonly clusters: readonly Cluster[]
}

/** What goes out as one request. */
export interface Prepared {
  readonly document: FetchDocument
  readonly wanted: readonly Wanted[]
  /** Of its variables, as JSON, those that are neither the client's nor representations. */
  readonly variables: readonly string[]
}

/** The fetches of a group that one run waits for. */
export interface Gathering {
  readonly arrived: number[]
  readonly sent: Promise<number>
  send(): void
}

/** Documents of one group, by who is in them: nearly always all. */
const COMPILED_MAX = 32
/** What nobody notices, where the step before took no time at all. */
const PATIENCE_MIN_MS = 1
const PATIENCE_MAX_MS = 50

/**
 * Fetches of one service that are as many steps from the beginning of their plan: they go out as one. A fetch waits for the others no
 * longer than the step before it took, so that a slow service does not hold up what does not need it.
 */
export class FetchGroup {
  protected readonly members: Member[] = []
  private readonly compiled = new Map<string, Compiled>()
  private shares = false
  private apart = false

  constructor(
    private readonly service: string,
    protected readonly options: FetchOptions,
  ) {}

  /** Takes a fetch in; answers the step that it is. */
  add({ fetch, path }: PlacedFetch): Step {
    const { node } = fetch
    const isKey = entityKeys(this.options.schema, this.service)
    const representing = compileRepresentation(this.options.schema, node.requires ?? [], { rewrites: node.inputRewrites ?? [], isKey })
    const at = this.members.push({ fetch, path, where: path.join('.'), representing }) - 1
    return (run, tookMs) => this.arrive(run, at, tookMs)
  }

  /**
   * @param shares whether places where one entity stands may have one object between them
   * @param apart whether not even what comes for several of them may be
   */
  close(shares: boolean, apart: boolean): void {
    this.shares = shares
    this.apart = apart
  }

  private arrive(run: Run, at: number, tookMs: number): Promise<number> {
    if (this.members.length === 1) return this.send(run, [at])
    const gathering = run.gatherings.get(this) ?? this.gather(run, tookMs)
    gathering.arrived.push(at)
    const missing = (run.missing.get(this) ?? this.members.length) - 1
    run.missing.set(this, missing)
    if (missing === 0) gathering.send()
    return gathering.sent
  }

  private gather(run: Run, tookMs: number): Gathering {
    const arrived: number[] = []
    let send = () => {}
    const sent = new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, Math.min(Math.max(tookMs, PATIENCE_MIN_MS), PATIENCE_MAX_MS))
      send = () => {
        clearTimeout(patience)
        resolve()
      }
    }).then(() => {
      // Whoever comes from now on is of another.
      run.gatherings.delete(this)
      return this.send(run, arrived)
    })
    const gathering: Gathering = { arrived, sent, send }
    run.gatherings.set(this, gathering)
    return gathering
  }

  /** What is to be asked for the members that have come. */
  protected prepare(run: Run, arrived: readonly number[]): readonly Prepared[] {
    const { document, clusters } = this.compile(arrived)
    return [{ document, wanted: clusters.map((cluster) => want(run, cluster, this.shares)), variables: [] }]
  }

  private async send(run: Run, arrived: readonly number[]): Promise<number> {
    const took = await Promise.all(this.prepare(run, arrived).map((each) => this.exchange(run, each)))
    return Math.max(0, ...took)
  }

  private async exchange(run: Run, { document, wanted, variables }: Prepared): Promise<number> {
    const { schema, sources, log, times } = this.options
    if (run.later.stopped || wanted.every(({ entities }) => entities.size === 0)) return 0
    const begun = performance.now()
    const fail = (error: unknown, failed: readonly Wanted[]): void => {
      const failure = failureOf(error, { service: this.service, requestId: run.asking.request.id, writing: document.writing }, log)
      for (const each of failed) explainFailure(run, each, failure)
    }
    try {
      const source = sources[this.service]
      if (!source) throw new Error('there is no such service')
      const request = new FetchRequest(document, { variables: variablesOf(run, document, wanted, variables), wanted })
      const answer = await inTime({ times, goneMs: begun - run.begun, writing: document.writing }, () => askOnce(run, source, request))
      if (!answer.plain) run.plain = false
      for (const [at, each] of wanted.entries())
        try {
          takeAnswer(schema, run, each, document.entities[at] ?? null, answer)
        } catch (error) {
          // What else was asked for with it may be well answered.
          fail(error, [each])
        }
      for (const error of answer.errors) if (!run.isFull) tellError(run, wanted, document, { service: this.service, error })
    } catch (error) {
      fail(error, wanted)
    }
    return performance.now() - begun
  }

  private compile(arrived: readonly number[]): Compiled {
    const members = [...arrived].sort((one, other) => one - other)
    const key = members.join()
    const known = this.compiled.get(key)
    if (known) return known
    const clusters = this.cluster(members.map((at) => this.members[at] as Member))
    const compiled = { document: fetchDocument(clusters.map(({ fetch }) => fetch)), clusters }
    if (this.compiled.size < COMPILED_MAX) this.compiled.set(key, compiled)
    return compiled
  }

  private cluster(members: readonly Member[]): readonly Cluster[] {
    if (!this.shares) return members.map((member) => ({ members: [member], fetch: member.fetch, apart: this.apart }))
    const clusters = new Map<string, Member[]>()
    for (const member of members) {
      const same = clusters.get(member.fetch.asks)
      if (same) same.push(member)
      else clusters.set(member.fetch.asks, [member])
    }
    return [...clusters.values()].map((same) => ({ members: same, fetch: (same[0] as Member).fetch, apart: this.apart }))
  }
}

function want(run: Run, cluster: Cluster, shares: boolean): Wanted {
  const entities = new Map<string, Set<Data>[]>()
  for (const [at, { path, where, representing, fetch }] of cluster.members.entries()) {
    const isOfEntities = fetch.node.requires !== undefined
    const represent = isOfEntities ? representing() : () => ''
    const put = (object: Data, representation: string): void => {
      let places = entities.get(representation)
      if (!places) {
        places = cluster.members.map(() => new Set())
        entities.set(representation, places)
      }
      places[at]?.add(object)
    }
    const found = run.found.at(where)
    if (found) {
      for (const object of found) {
        const representation = represent(object)
        if (representation === null) continue
        run.entities.keep(object)
        put(object, representation)
      }
      continue
    }
    const objects = new Set<Data>()
    visitAt(run.data, path, run.entities.inSeveralPlaces, (object) => {
      const representation = represent(object)
      const entity = representation !== null && shares && isOfEntities ? run.entities.one(object, representation) : object
      objects.add(entity)
      if (representation !== null) put(entity, representation)
      return entity
    })
    run.found.keep(where, objects)
  }
  return { cluster, entities }
}

/** The variables' object as JSON. */
function variablesOf(run: Run, { variables, entities: names }: FetchDocument, wanted: readonly Wanted[], more: readonly string[]): string {
  const texts: string[] = [...more]
  for (const name of variables) {
    const text = run.variable(name)
    if (text !== undefined) texts.push(`${quoted(name)}:${text}`)
  }
  for (const [at, { entities }] of wanted.entries()) {
    const name = names[at]
    if (name) texts.push(`"${name.variable}":[${[...entities.keys()].join(',')}]`)
  }
  return `{${texts.join(',')}}`
}
