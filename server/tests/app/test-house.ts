import { startTestApp, type TestHouse } from './test-app.js'
import { startTestProcesses } from './test-processes.js'

export type Way = 'one process' | 'many processes'

/** ASHLAR_PROCESSES=one or =many has the tests that can do both do one; they do both without it. */
const { ASHLAR_PROCESSES: chosen } = process.env

export const ways: readonly Way[] =
  chosen === 'one' ? ['one process'] : chosen === 'many' ? ['many processes'] : ['one process', 'many processes']

/** All of Ashlar, in the way that ASHLAR_PROCESSES says; in one process where it says nothing. */
export const startTestHouse = (options: { readonly env?: Readonly<Record<string, string>> } = {}, way?: Way): Promise<TestHouse> =>
  (way ?? (chosen === 'many' ? 'many processes' : 'one process')) === 'many processes' ? startTestProcesses(options) : startTestApp(options)
