import type { Line } from '@ashlar/kit/testing/line'
import type { ServiceClocks } from './clock.js'

/** Something that can be killed, stopped and asked whether it is back. */
export interface Target {
  readonly name: string
  /** null while it is not running. */
  pid(): number | null
  /** Whether what it is for is done again. */
  answers(): Promise<boolean>
}

/** A running Ashlar with everything in reach that may break. */
export interface House extends AsyncDisposable {
  readonly way: 'one process' | 'many processes'
  /** Of its gateways. */
  readonly urls: readonly string[]
  readonly owner: { readonly login: string; readonly password: string }
  readonly targets: readonly Target[]
  /** By what they lie between, such as `gateways > posts`. */
  readonly lines: ReadonlyMap<string, Line>
  readonly clocks: ServiceClocks
  /** How a client of a service's own subscriptions connects; null where the services have no doors of their own. */
  socketOf(service: string): SocketDoor | null
  /** The last of what its processes have printed. */
  output(): string
  close(): Promise<void>
}

export interface SocketDoor {
  readonly url: string
  /** For connection_init: nobody, or somebody who moderates and so sees all. */
  payload(as: 'nobody' | 'moderator'): Record<string, unknown>
}

export const OWNER = { login: 'owner@example.com', password: 'a quarry of ones own' }
/** More than one process prints while it is killed again and again. */
const OUTPUT_MAX = 200_000

/** What was printed, the last of it. */
export class Output {
  private text = ''

  readonly add = (text: string): void => {
    this.text = (this.text + text).slice(-OUTPUT_MAX)
  }

  toString(): string {
    return this.text
  }
}

/** @throws Error for a target that the house does not have */
export function targetOf({ targets }: Pick<House, 'targets'>, name: string): Target {
  const found = targets.find((each) => each.name === name)
  if (!found) throw new Error(`there is no ${name}, but ${targets.map((target) => target.name).join(', ')}`)
  return found
}

/** What a start has opened so far, closed in the opposite order: as a whole at the end, or where a later step of the start fails. */
export class Closing {
  private readonly ends: (() => Promise<unknown> | undefined)[] = []
  private closed: Promise<void> | undefined

  add(end: () => Promise<unknown> | undefined): void {
    this.ends.push(end)
  }

  /** Every part, also where one fails. @throws AggregateError */
  readonly all = (): Promise<void> => {
    this.closed ??= (async () => {
      const failures: unknown[] = []
      for (const end of this.ends.splice(0).reverse()) await Promise.resolve(end()).catch((error: unknown) => failures.push(error))
      if (failures.length > 0) throw new AggregateError(failures, 'a part did not stop in order')
    })()
    return this.closed
  }
}
