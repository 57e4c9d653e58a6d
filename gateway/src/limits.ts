/** What one client or one schema may cost; each can be set. */
export interface Limits {
  readonly bodyBytes: number
  readonly tokens: number
  /** Brackets of any kind within each other in one document or one body, and so the deepest recursion over it. */
  readonly nesting: number
  /** Selections after all fragments are spread. */
  readonly selections: number
  /** Fields at the root of one operation, by their names in the answer. */
  readonly rootFields: number
  /** What one operation may cost, by the rules in cost.ts, and how long a list is taken to be of which the schema does not say. */
  readonly cost: number
  readonly listSize: number
  readonly planningMs: number
  /** Options that the planner keeps for each step of a path. */
  readonly planningPaths: number
  /** Plans kept, and how long they may be together, as text. */
  readonly plansKept: number
  readonly planBytesKept: number
  /** Texts of operations that clients know by their hash, in characters together. */
  readonly persistedChars: number
  /** How many operations may wait for the planner, and how long. */
  readonly plansWaiting: number
  readonly planWaitMs: number
  readonly compositionMs: number
  readonly sdlBytes: number
  readonly fetchMs: number
  /** What one service may answer to one fetch. */
  readonly answerBytes: number
}

export const defaultLimits: Limits = {
  bodyBytes: 4 * 1024 * 1024,
  tokens: 10_000,
  nesting: 100,
  selections: 10_000,
  rootFields: 50,
  cost: 15_000,
  listSize: 10,
  planningMs: 2_000,
  planningPaths: 1_000,
  plansKept: 1_000,
  planBytesKept: 8 * 1024 * 1024,
  persistedChars: 8 * 1024 * 1024,
  plansWaiting: 500,
  planWaitMs: 10_000,
  compositionMs: 10_000,
  sdlBytes: 1024 * 1024,
  fetchMs: 15_000,
  answerBytes: 32 * 1024 * 1024,
}
