import type { Registry } from 'prom-client'
import type { Durations } from '../metrics.js'

/** One line of a histogram: how often something took how long. Counting costs a few comparisons, and no look-up. */
export class HistogramCell {
  sum = 0
  count = 0
  /** How many fell under each bound and under none before it. */
  readonly counts: number[]

  constructor(private readonly bounds: readonly number[]) {
    this.counts = bounds.map(() => 0)
  }

  observe(value: number): void {
    this.sum += value
    this.count += 1
    for (let at = 0; at < this.bounds.length; at += 1)
      if (value <= (this.bounds[at] as number)) {
        this.counts[at] = (this.counts[at] as number) + 1
        return
      }
  }

  /** Takes over what another has counted. */
  add(other: HistogramCell): void {
    this.sum += other.sum
    this.count += other.count
    for (const [at, count] of other.counts.entries()) this.counts[at] = (this.counts[at] as number) + count
  }
}

type Labels = Readonly<Record<string, string>>

/** A histogram whose lines are held by who counts, and told as Prometheus reads them. */
export class HistogramFamily {
  private readonly cells = new Map<HistogramCell, Labels>()

  constructor(
    private readonly family: Durations,
    registry: Registry,
  ) {
    registry.registerMetric(this as never)
  }

  get name(): string {
    return this.family.name
  }

  open(labels: Labels): HistogramCell {
    const cell = new HistogramCell(this.family.buckets)
    this.cells.set(cell, labels)
    return cell
  }

  close(cell: HistogramCell): void {
    this.cells.delete(cell)
  }

  /** As the registry of the client library asks for it. */
  async get() {
    const { name, help } = this.family
    return {
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: [...this.cells].flatMap(([cell, labels]) => this.samplesOf(cell, labels)),
    }
  }

  private samplesOf({ counts, sum, count }: HistogramCell, labels: Labels) {
    const { name, buckets } = this.family
    let under = 0
    const told = buckets.map((bound, at) => {
      under += counts[at] as number
      return { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: under }
    })
    return [
      ...told,
      { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ]
  }
}
