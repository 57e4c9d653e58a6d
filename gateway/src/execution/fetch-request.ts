import type { Answer, Source } from '../data-sources/source.js'
import type { SubgraphRequest } from '../subgraph.js'
import type { FetchDocument } from './fetch-document.js'
import type { Wanted } from './fetch-group.js'
import type { Run } from './run.js'

/** What goes out: the variables as JSON, and what it is about. */
interface Sent {
  readonly variables: string
  readonly wanted: readonly Wanted[]
}

/** What a service is asked. A class, so that the form of all of them is one: a getter of each one's own would be kept with its form. */
export class FetchRequest implements SubgraphRequest {
  readonly query: string
  readonly operationName: string | null
  readonly writing: boolean
  readonly body: string

  constructor(
    { query, operationName, writing, opening }: FetchDocument,
    private readonly sent: Sent,
  ) {
    this.query = query
    this.operationName = operationName
    this.writing = writing
    this.body = `${opening}${sent.variables}}`
  }

  get variables(): Readonly<Record<string, unknown>> {
    return JSON.parse(this.sent.variables) as Record<string, unknown>
  }

  get entities(): number {
    return this.sent.wanted.reduce((sum, { entities, cluster }) => sum + (cluster.fetch.node.requires ? entities.size : 0), 0)
  }
}

/** What one operation is just asking a service; whoever asks the same meanwhile gets a copy of the answer. */
interface Asked {
  readonly body: string
  copies: number
  answers: Promise<readonly Answer[]> | null
}

export type AskedNow = Map<Source, Asked[]>

/** Asks a service, unless this operation is just asking it that. */
export async function askOnce(run: Run, source: Source, request: FetchRequest): Promise<Answer> {
  if (request.writing) return source.ask(request, run.asking)
  let now = run.asked.get(source)
  if (!now) {
    now = []
    run.asked.set(source, now)
  }
  let asked = now.find(({ body }) => body === request.body)
  const copy = asked ? asked.copies + 1 : 0
  if (asked) asked.copies = copy
  else {
    asked = { body: request.body, copies: 0, answers: null }
    now.push(asked)
    asked.answers = answersOf(run, source, { request, asked, now })
  }
  return (await (asked.answers as Promise<readonly Answer[]>))[copy] as Answer
}

interface Asking {
  readonly request: FetchRequest
  readonly asked: Asked
  readonly now: Asked[]
}

/** One for each who asks, made before anybody writes into one. */
async function answersOf(run: Run, source: Source, { request, asked, now }: Asking): Promise<readonly Answer[]> {
  try {
    const answers = [await source.ask(request, run.asking)]
    while (answers.length <= asked.copies) answers.push(structuredClone(answers[0] as Answer))
    return answers
  } finally {
    now.splice(now.indexOf(asked), 1)
  }
}
