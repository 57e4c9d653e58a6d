import type { Span, Trace } from '@ashlar/kit/tracing/trace'
import type { DocumentNode, GraphQLFormattedError, OperationDefinitionNode } from 'graphql'
import { type FetchReport, ReportedTrace } from './fetch-report.js'
import { codeLabel } from './known-codes.js'
import { operationHash } from './operation-hash.js'
import type { Tally } from './tally.js'

/** An operation that was understood. */
export interface Understood {
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly text: string
}

/** What an operation is, and what came of it. Nothing in it was written by a client but the name. */
export interface OperationSummary {
  readonly name: string | null
  /** null for what was refused before it was clear what it is. */
  readonly type: string | null
  hash(): string | null
  /** Codes of the answer's errors, each once: the contract's and Apollo's, or `OTHER`. */
  readonly codes: readonly string[]
  /** Of what was masked, by which the log knows it. */
  readonly errorIds: readonly string[]
}

const REFUSED: OperationSummary = { name: null, type: null, hash: () => null, codes: [], errorIds: [] }
const IDS_MAX = 5

/** One operation of a client's, from its request to its answer, for who watches. */
export class ObservedOperation {
  readonly begunAt = performance.now()
  /** What is told to a client that may see it. */
  report: FetchReport | null = null
  private told = REFUSED

  constructor(
    readonly requestId: string,
    /** null while nobody traces. */
    readonly span: Span | null,
  ) {}

  get summary(): OperationSummary {
    return this.told
  }

  /** What is done for it is done within this. */
  get trace(): Trace | undefined {
    if (this.report) return new ReportedTrace(this.report, this.span)
    return this.span ?? undefined
  }

  is({ document, operation, text }: Understood): void {
    const { name, operation: type } = operation
    this.told = { ...this.told, name: name?.value ?? null, type, hash: () => operationHash(document, text) }
  }

  /** It got the answer of one that asked the same. */
  isLike(other: OperationSummary): void {
    this.told = other
  }

  failed(errors: readonly GraphQLFormattedError[]): void {
    const codes = [...new Set(errors.map(({ extensions }) => codeLabel(extensions?.code)))]
    const ids = errors.flatMap(({ extensions }) => (typeof extensions?.errorId === 'string' ? [extensions.errorId] : []))
    this.told = { ...this.told, codes, errorIds: ids.slice(0, IDS_MAX) }
  }

  /** Has the planning of what is traced told of. Whether it was planned before is seen by whether anything is planned now. */
  async planning<Plan>(tally: Tally, plan: () => Promise<Plan>): Promise<Plan> {
    const span = this.span?.begin('plan', 'work')
    const begun = performance.now()
    const { plansMade } = tally
    const planned = plan()
    const cached = tally.plansMade === plansMade
    try {
      return await planned
    } finally {
      this.report?.planned(performance.now() - begun, cached)
      span?.set({ 'ashlar.plan.cached': cached })
      span?.end()
    }
  }
}
