import type { Logger } from '@ashlar/kit/log'
import { StartError } from '@ashlar/kit/process-life'
import { GraphQLError } from 'graphql'
import { isRecord } from '../data-sources/answer.js'
import type { Limits } from '../limits.js'
import { readTrustedList, stateOf, type TrustedList } from './trusted-list.js'

export interface TrustedOptions {
  /** A manifest, a document, or a folder of either. */
  readonly path: string
  /** Whether nothing else may run. */
  readonly only?: boolean
}

/** What a request says of the operation that it means. */
export interface Named {
  readonly query?: unknown
  readonly extensions?: unknown
}

/** The text that is meant, or nothing to say of it; or why it may not run, and the status that HTTP has for that. */
export type Admission = { readonly text: string | null } | { readonly refusal: GraphQLError; readonly status: number }

/** By looking rather than by events: files are replaced, linked and mounted over networks. */
const LOOK_EVERY_MS = 1_000
const UNSAID: Admission = { text: null }
const FORBIDDEN = 403
const NOT_FOUND = 404

/** A list of operations that is looked at again and again. One that can't be read leaves the one before in force. */
export class TrustedOperations {
  private readonly timer: NodeJS.Timeout
  private looking = false
  /** Why it could not be read the last time: told once. */
  private reason: string | null = null

  private constructor(
    private readonly options: TrustedOptions,
    private list: TrustedList,
    private state: string,
    private readonly limits: Limits,
    private readonly log: Logger,
  ) {
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref()
  }

  /** @throws StartError for a list that can't be read */
  static async open(options: TrustedOptions, limits: Limits, log: Logger): Promise<TrustedOperations> {
    try {
      const state = await stateOf(options.path)
      return new TrustedOperations(options, await readTrustedList(options.path, limits), state, limits, log)
    } catch (error) {
      throw new StartError(`The list of operations can't be read: ${(error as Error).message}`)
    }
  }

  /** Whether nothing else may run. */
  get only(): boolean {
    return this.options.only ?? false
  }

  get size(): number {
    return this.list.size
  }

  /**
   * What a request's operation is by the list: a listed id stands for its text. Where nothing else may run, what is not listed is refused
   * before anybody parses it, with the codes of Apollo Router.
   */
  admit({ query, extensions }: Named): Admission {
    const id = idOf(extensions)
    const text = id === null ? null : this.list.textOf(id)
    if (typeof query !== 'string') {
      if (text !== null) return { text }
      if (!this.only) return UNSAID
      return id === null ? UNSAID : { refusal: notListed('PERSISTED_QUERY_NOT_IN_LIST'), status: NOT_FOUND }
    }
    if (!this.only) return UNSAID
    return this.list.hasText(query) ? { text: query } : { refusal: notListed('QUERY_NOT_IN_SAFELIST'), status: FORBIDDEN }
  }

  close(): void {
    clearInterval(this.timer)
  }

  private async look(): Promise<void> {
    if (this.looking) return
    this.looking = true
    try {
      const state = await stateOf(this.options.path)
      if (state === this.state) return
      this.state = state
      this.list = await readTrustedList(this.options.path, this.limits)
      this.reason = null
      this.log.info({ operations: this.list.size }, 'the list of operations has changed')
    } catch (error) {
      const reason = (error as Error).message
      if (reason !== this.reason) this.log.error({ reason }, 'the list of operations can not be read; the one before is in force')
      this.reason = reason
    } finally {
      this.looking = false
    }
  }
}

const MESSAGES = {
  PERSISTED_QUERY_NOT_IN_LIST: 'There is no such operation on the list of those that may run.',
  QUERY_NOT_IN_SAFELIST: 'This operation is not on the list of those that may run.',
} as const

const notListed = (code: keyof typeof MESSAGES) => new GraphQLError(MESSAGES[code], { extensions: { code } })

/** An id need not be the hash of its text, and a text on the list need not be kept under one. */
export function withoutHash(extensions: unknown): Readonly<Record<string, unknown>> {
  const { persistedQuery, ...others } = isRecord(extensions) ? extensions : {}
  return others
}

function idOf(extensions: unknown): string | null {
  const persisted = isRecord(extensions) ? extensions.persistedQuery : undefined
  const id = isRecord(persisted) ? persisted.sha256Hash : undefined
  return typeof id === 'string' ? id : null
}
