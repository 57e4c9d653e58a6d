import type { Family, Histograms, Measures, Sample } from '@ashlar/kit/metrics'
import type { HistogramCell } from '@ashlar/kit/metrics/histogram'
import type { Source } from '../data-sources/source.js'
import type { SharingStats } from '../sharing/shared-answers.js'
import type { OpenStreams } from '../streams/streams.js'
import type { TransportCounts } from '../transports/transports.js'
import { gatewayFamilies as families, fetchDurations, operationDurations, planningDurations } from './families.js'
import { codeLabel } from './known-codes.js'
import { OperationNames } from './operation-names.js'
import type { Tally } from './tally.js'

/** What is counted of one operation, or of one subgraph. */
export class Counts {
  inFlight = 0
  bytes = 0
  readonly errors = new Map<string, number>()

  constructor(
    readonly label: string,
    readonly durations: HistogramCell,
  ) {}

  done(seconds: number, bytes: number, code: string | null): void {
    this.durations.observe(seconds)
    this.bytes += bytes
    if (code === null) return
    const label = codeLabel(code)
    this.errors.set(label, (this.errors.get(label) ?? 0) + 1)
  }

  add(other: Counts): void {
    this.durations.add(other.durations)
    this.bytes += other.bytes
    for (const [code, count] of other.errors) this.errors.set(code, (this.errors.get(code) ?? 0) + count)
  }
}

export interface Watched {
  readonly streams: () => OpenStreams['counts']
  readonly sharing: () => SharingStats
  readonly connections: () => TransportCounts
}

/** What is measured of one gateway where somebody may read it. */
export class GatewayMeasures {
  readonly planned: HistogramCell
  private readonly operations = new Set<Counts>()
  private readonly names: OperationNames<Counts>
  private readonly fetches: Histograms
  private readonly subgraphs = new Map<string, Counts>()
  private readonly watched: (() => Sample[])[] = []
  private sources: Readonly<Record<string, Source>> = {}

  constructor(
    private readonly measures: Measures,
    private readonly tally: Tally,
  ) {
    const operations = measures.histogram(operationDurations)
    this.fetches = measures.histogram(fetchDurations)
    this.planned = measures.histogram(planningDurations).open({})
    this.names = new OperationNames<Counts>({
      open: (operation) => {
        const counts = new Counts(operation, operations.open({ operation }))
        this.operations.add(counts)
        return counts
      },
      close: (counts, others) => {
        others.add(counts)
        operations.close(counts.durations)
        this.operations.delete(counts)
      },
    })
    measures.read(Object.values(families), () => this.samples())
  }

  /** Where an operation of a name is counted. */
  operation(name: string | null): Counts {
    return this.names.linesOf(name)
  }

  subgraph(name: string): Counts {
    const known = this.subgraphs.get(name)
    if (known) return known
    const counts = new Counts(name, this.fetches.open({ subgraph: name }))
    this.subgraphs.set(name, counts)
    return counts
  }

  /** These are the subgraphs from now on; what was counted of others is no longer told. */
  serve(sources: Readonly<Record<string, Source>>): void {
    this.sources = sources
    for (const [name, { durations }] of this.subgraphs) {
      if (Object.hasOwn(sources, name)) continue
      this.fetches.close(durations)
      this.subgraphs.delete(name)
    }
  }

  /** Has what streams and what is shared told of, as they say it themselves. */
  watch({ streams, sharing, connections }: Watched): void {
    this.watched.push(() => {
      const { feeds, members } = streams()
      const { joined, hits, misses, kept, keptBytes } = sharing()
      const { sockets, httpStreams, tooSlow } = connections()
      return [
        { family: families.sockets, value: sockets },
        { family: families.httpStreams, value: httpStreams },
        { family: families.readersTooSlow, value: tooSlow },
        { family: families.upstreams, value: feeds },
        { family: families.subscriptions, value: members },
        { family: families.shared, value: joined, labels: { outcome: 'joined' } },
        { family: families.shared, value: hits, labels: { outcome: 'kept' } },
        { family: families.shared, value: misses, labels: { outcome: 'made' } },
        { family: families.answersKept, value: kept },
        { family: families.answerBytesKept, value: keptBytes },
      ]
    })
  }

  close(): void {
    this.measures.close()
  }

  private samples(): Sample[] {
    const { tally } = this
    const one = (family: Family, value: number, labels?: Sample['labels']): Sample => ({ family, value, ...(labels && { labels }) })
    return [
      one(families.operationsInFlight, tally.operationsInFlight),
      one(families.plansKnown, tally.plansWanted - tally.plansMade),
      one(families.plansUnknown, tally.plansMade),
      one(families.planning, tally.planning),
      one(families.persisted, tally.persistedKnown, { outcome: 'known' }),
      one(families.persisted, tally.persistedUnknown, { outcome: 'unknown' }),
      one(families.persisted, tally.persistedStored, { outcome: 'stored' }),
      one(families.eventsExecuted, tally.eventsExecuted),
      one(families.eventsSent, tally.eventsSent),
      ...this.watched.flatMap((read) => read()),
      ...[...this.operations].flatMap(({ label: operation, bytes, errors }) => [
        one(families.operationBytes, bytes, { operation }),
        ...[...errors].map(([code, count]) => one(families.operationErrors, count, { operation, code })),
      ]),
      ...[...this.subgraphs.values()].flatMap(({ label: subgraph, inFlight, bytes, errors }) => [
        one(families.fetchesInFlight, inFlight, { subgraph }),
        one(families.fetchBytes, bytes, { subgraph }),
        ...[...errors].map(([code, count]) => one(families.fetchErrors, count, { subgraph, code })),
      ]),
      ...Object.entries(this.sources).flatMap(([subgraph, source]) =>
        source.isLeftAlone ? [one(families.leftAlone, source.isLeftAlone() ? 1 : 0, { subgraph })] : [],
      ),
    ]
  }
}
