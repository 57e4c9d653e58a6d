import type { FaultsFound } from './faults-found.js'
import type { House } from './house.js'
import type { Seeded } from './seeded.js'

/** What a run drives Ashlar with while things break, and how it knows afterwards what was lost, doubled or out of order. */
export interface Workload {
  readonly name: string
  /** Makes what it works on: accounts, first rows. Once, while all is well. */
  prepare(): Promise<void>
  /** Begins, or goes on after `pause`. */
  start(): void
  /** Begins nothing more, and waits until whatever it has begun is acknowledged. Adds a fault for what is not within its time. */
  pause(): Promise<void>
  /** Reads back what has been acknowledged since the last time; while it pauses, and all is well. */
  verify(): Promise<void>
  /** Reads back everything, once, at the end. */
  verifyAll(): Promise<void>
  /** Operations acknowledged so far. */
  readonly acknowledged: number
  /** The longest time without an acknowledgement, since this was last asked. */
  longestSilenceMs(): number
  /** What it counts, for people: `events delivered`, `reconnects`. */
  counts(): Readonly<Record<string, number>>
  /** Lets go of all that it holds, whatever state it is in. */
  stop(): Promise<void>
}

export interface WorkloadOptions {
  readonly house: House
  readonly seeded: Seeded
  readonly found: FaultsFound
  /** Writes a second. */
  readonly rate: number
  readonly subscribers: number
}

/** A workload over a house. Every later service adds its own to `workloads.ts`. */
export type CreateWorkload = (options: WorkloadOptions) => Workload
