import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Logger } from './log.js'
import { type HistogramCell, HistogramFamily } from './metrics/histogram.js'
import { inTime } from './metrics/in-time.js'

/** What is measured under one name, by the conventions of Prometheus: base units, `_total` where it only grows. */
export interface Family {
  readonly name: `ashlar_${string}`
  readonly help: string
  readonly type: 'gauge' | 'counter'
  /** Beside `service`. Their values are few and written in code: never an id, an address or what somebody wrote. */
  readonly labels?: readonly string[]
}

export interface Sample {
  readonly family: Family
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** Asked at each scrape; what can't be told now is left out. */
export type Read = () => readonly Sample[] | Promise<readonly Sample[]>

export interface Durations {
  readonly name: `ashlar_${string}_seconds`
  readonly help: string
  readonly labels: readonly string[]
  readonly buckets: readonly number[]
}

/** What one service measures, or a gateway: all of it has the label `service`. */
export interface Measures {
  /** Has several values read at each scrape. */
  read(families: readonly Family[], read: Read): void
  /** Has one value read at each scrape; null leaves it out. */
  value(family: Family, read: () => number | null | Promise<number | null>): void
  /** Answers what counts how long something took. */
  durations(family: Durations): (labels: Readonly<Record<string, string>>, seconds: number) => void
  /** Opens lines of a histogram, for what is counted too often to look its line up each time, or comes and goes. */
  histogram(family: Durations): Histograms
  /** Nothing of it is read any more. */
  close(): void
}

export interface Histograms {
  open(labels: Readonly<Record<string, string>>): HistogramCell
  close(cell: HistogramCell): void
}

/** A scrape is good for this long, for whoever comes meanwhile: asking often costs no more. */
const KEPT_MS = 1_000
/** What has not answered by then is left out, so that a scrape always ends. */
const READ_MS = 3_000

/**
 * What is measured of one instance in one process, in a registry of its own. Values are read when they are scraped, where they stand;
 * nothing is counted twice for it.
 */
export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE
  private readonly registry = new Registry()
  private readonly families = new Map<string, Gauge | Counter>()
  private readonly histograms = new Map<string, HistogramFamily>()
  private readonly reads = new Set<Read>()
  private latest: { readonly text: Promise<string>; until: number } | null = null

  /** @param beside registries of what is no instance's own, such as those of the process itself */
  constructor(
    private readonly log: Logger,
    private readonly beside: () => readonly Registry[] = () => [],
  ) {}

  /** Has values read at each scrape; answers what ends that. */
  read(families: readonly Family[], read: Read): () => void {
    for (const family of families) this.familyOf(family, family.labels ?? [])
    return this.add(read)
  }

  /** What belongs to one service. */
  of(service: string): Measures {
    const ends: (() => void)[] = []
    const inService = (labels: Sample['labels']) => ({ ...labels, service })
    const read = (families: readonly Family[], asked: Read) => {
      for (const family of families) this.familyOf(family, ['service', ...(family.labels ?? [])])
      ends.push(this.add(async () => (await asked()).map((sample) => ({ ...sample, labels: inService(sample.labels) }))))
    }
    return {
      read,
      value: (family, asked) =>
        read([family], async () => {
          const value = await asked()
          return value === null ? [] : [{ family, value }]
        }),
      durations: ({ name, help, labels, buckets }) => {
        const known = this.registry.getSingleMetric(name) as Histogram | undefined
        const labelNames = ['service', ...labels]
        const histogram = known ?? new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [this.registry] })
        return (given, seconds) => histogram.observe(inService(given), seconds)
      },
      histogram: (family) => {
        const histogram = this.histograms.get(family.name) ?? new HistogramFamily(family, this.registry)
        this.histograms.set(family.name, histogram)
        const cells = new Set<HistogramCell>()
        const close = (cell: HistogramCell) => {
          cells.delete(cell)
          histogram.close(cell)
        }
        ends.push(() => cells.forEach(close))
        return {
          open: (labels) => {
            const cell = histogram.open(inService(labels))
            cells.add(cell)
            return cell
          },
          close,
        }
      },
      close: () => {
        for (const end of ends.splice(0)) end()
      },
    }
  }

  /** All of it in the text format of Prometheus, within a few seconds, whatever does not answer. */
  text(): Promise<string> {
    if (!this.latest || this.latest.until < performance.now()) {
      const latest = { text: this.scrape(), until: Number.POSITIVE_INFINITY }
      const ended = () => {
        latest.until = performance.now() + KEPT_MS
      }
      latest.text.then(ended, ended)
      this.latest = latest
    }
    return this.latest.text
  }

  private add(read: Read): () => void {
    this.reads.add(read)
    return () => void this.reads.delete(read)
  }

  private familyOf({ name, help, type }: Family, labelNames: readonly string[]): void {
    if (this.families.has(name)) return
    const Type = type === 'gauge' ? Gauge : Counter
    this.families.set(name, new Type({ name, help, labelNames: [...labelNames], registers: [this.registry] }))
  }

  /** One at a time: what was read is put in place at once, when all of it is there. */
  private async scrape(): Promise<string> {
    const samples = (await Promise.all([...this.reads].map((read) => this.samplesOf(read)))).flat()
    for (const family of this.families.values()) {
      family.reset()
      // One without labels would be 0 now, rather than unknown.
      family.remove({})
    }
    for (const { family, labels = {}, value } of samples) {
      const known = this.families.get(family.name)
      if (known instanceof Gauge) known.set(labels, value)
      else known?.inc(labels, value)
    }
    const texts = await Promise.all([this.registry, ...this.beside()].map((registry) => registry.metrics()))
    return texts.join('\n')
  }

  private async samplesOf(read: Read): Promise<readonly Sample[]> {
    try {
      return await inTime(Promise.resolve().then(read), READ_MS)
    } catch (error) {
      this.log.warn({ err: error }, 'something could not be measured')
      return []
    }
  }
}
