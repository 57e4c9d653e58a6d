import type { QueryPlan } from '@apollo/query-planner'
import type { Span, SpanKind, Trace, TraceAttributes } from '@ashlar/kit/tracing/trace'

/** What a client sees of one fetch, times from the beginning of the operation. */
interface ReportedFetch {
  readonly service: string
  readonly startMilliseconds: number
  milliseconds: number
  /** What was asked about; 0 for fields of the root. */
  readonly entities: number
  /** Objects that came. */
  rows: number
  code?: string
}

const FETCHES_MAX = 1_000

/** `extensions.trace`: what is told of an operation to whoever asks for it by `Ashlar-Trace: 1` and may see it. */
export class FetchReport {
  private readonly begunAt = performance.now()
  private readonly fetches: ReportedFetch[] = []
  private planning: { readonly milliseconds: number; readonly cached: boolean } | null = null

  planned(milliseconds: number, cached: boolean): void {
    this.planning = { milliseconds: rounded(milliseconds), cached }
  }

  begin(service: string, entities: number): ReportedFetch {
    const fetch = { service, startMilliseconds: this.now(), milliseconds: 0, entities, rows: 0 }
    if (this.fetches.length < FETCHES_MAX) this.fetches.push(fetch)
    return fetch
  }

  now(): number {
    return rounded(performance.now() - this.begunAt)
  }

  of({ node }: QueryPlan) {
    return {
      milliseconds: this.now(),
      planning: this.planning,
      plan: node ?? null,
      fetches: this.fetches,
      rows: this.fetches.reduce((sum, { rows }) => sum + rows, 0),
    }
  }
}

/** A trace whose fetches are reported, be they recorded elsewhere or not. */
export class ReportedTrace implements Trace {
  constructor(
    readonly report: FetchReport,
    protected readonly inner: Trace | null,
  ) {}

  get traceparent(): string | null {
    return this.inner?.traceparent ?? null
  }

  begin(name: string, kind: SpanKind, attributes: TraceAttributes = {}): Span {
    return new ReportedSpan(this.report, this.inner?.begin(name, kind, attributes) ?? null, kind === 'client' ? attributes : null)
  }
}

export class ReportedSpan extends ReportedTrace implements Span {
  private readonly fetch: ReportedFetch | null

  constructor(
    report: FetchReport,
    private readonly span: Span | null,
    fetch: TraceAttributes | null,
  ) {
    super(report, span)
    this.fetch = fetch && report.begin(String(fetch['ashlar.subgraph']), Number(fetch['ashlar.entities'] ?? 0))
  }

  get traceId(): string | null {
    return this.span?.traceId ?? null
  }

  set(attributes: TraceAttributes): void {
    this.span?.set(attributes)
  }

  rename(name: string): void {
    this.span?.rename(name)
  }

  /** What has come, before anybody changes it. */
  came(data: unknown): void {
    if (this.fetch) this.fetch.rows = objectsIn(data) - 1
  }

  end(fault?: string): void {
    this.span?.end(fault)
    if (!this.fetch) return
    this.fetch.milliseconds = rounded(this.report.now() - this.fetch.startMilliseconds)
    if (fault !== undefined) this.fetch.code = fault
  }
}

/** All objects of an answer, its own among them. */
function objectsIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = Array.isArray(value) ? 0 : 1
  for (const each of Object.values(value)) count += objectsIn(each)
  return count
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 100) / 100
