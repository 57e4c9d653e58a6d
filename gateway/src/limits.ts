/** What one client or one schema may cost; each can be set. */
export interface Limits {
  readonly bodyBytes: number
  /** From the first byte of a request to its last; a body of 4 MB takes less on any line that is of use. */
  readonly requestMs: number
  /** Operations in one request, as a list. */
  readonly batch: number
  readonly tokens: number
  /** Of an operation's text: longer ones belong into variables. */
  readonly lines: number
  /** Brackets of any kind within each other in one document or one body, and so the deepest recursion over it. */
  readonly nesting: number
  /** Selections after all fragments are spread. */
  readonly selections: number
  /** Fields within each other, other fields under names of their own, and directives, after all fragments are spread. */
  readonly depth: number
  readonly aliases: number
  readonly directives: number
  /** Fields at the root of one operation, by their names in the answer. */
  readonly rootFields: number
  /** Operations and fragments in one document. */
  readonly operations: number
  readonly fragments: number
  /** Pairs of fields of one name in one place of the answer: validation compares each with each. */
  readonly overlaps: number
  /** How many times over an operation may ask for all that the schema says of itself. */
  readonly introspections: number
  /** Variables of one operation, and values within them together. */
  readonly variables: number
  readonly values: number
  /** What an operation may ask for as one page; services have bounds of their own. */
  readonly pageSize: number
  /** What one operation may cost, by the rules in cost.ts, and how long a list is taken to be of which the schema does not say. */
  readonly cost: number
  readonly listSize: number
  /** With the answer that it takes too long, 2 s. */
  readonly planningMs: number
  /** Options that the planner keeps for each step of a path. */
  readonly planningPaths: number
  /** Plans kept, and how long they may be together, as text. */
  readonly plansKept: number
  readonly planBytesKept: number
  /** Operations that are planned anew before another version of the graph comes into force, the most wanted first, and for how long at most. */
  readonly plansRenewed: number
  readonly renewMs: number
  /** Texts of operations that clients know by their hash, in characters together. */
  readonly persistedChars: number
  /** How many operations may wait for the planner, and how long. */
  readonly plansWaiting: number
  readonly planWaitMs: number
  readonly compositionMs: number
  readonly sdlBytes: number
  /** A whole operation, as it is carried out; and one fetch of it. */
  readonly operationMs: number
  readonly fetchMs: number
  /** What one service may answer to one fetch. */
  readonly answerBytes: number
  /** Streams at once, over sockets and HTTP: in all, of one person, and from one address. */
  readonly connections: number
  readonly connectionsPerUser: number
  readonly connectionsPerAddress: number
  /** What one connection may have open at once. */
  readonly subscriptionsPerConnection: number
  readonly socketMessageBytes: number
  /** Messages that one socket may send in a row, and a second on the whole. */
  readonly socketMessagesBurst: number
  readonly socketMessagesPerSecond: number
  /** How long a socket may take to say who comes. */
  readonly socketInitMs: number
  /** How often a quiet connection is written to. A socket whose client has not answered by the next time is gone. */
  readonly keepAliveMs: number
  /** What may wait towards a client that reads slowly; beyond it the connection is closed, to come back. */
  readonly connectionBufferBytes: number
}

export const defaultLimits: Limits = {
  bodyBytes: 4 * 1024 * 1024,
  requestMs: 30_000,
  batch: 10,
  tokens: 10_000,
  lines: 20_000,
  nesting: 100,
  selections: 10_000,
  depth: 50,
  aliases: 500,
  directives: 500,
  rootFields: 50,
  operations: 50,
  fragments: 500,
  overlaps: 50_000,
  introspections: 5,
  variables: 500,
  values: 100_000,
  pageSize: 1_000,
  cost: 15_000,
  listSize: 10,
  planningMs: 1_900,
  planningPaths: 1_000,
  plansKept: 1_000,
  planBytesKept: 8 * 1024 * 1024,
  plansRenewed: 200,
  renewMs: 5_000,
  persistedChars: 8 * 1024 * 1024,
  plansWaiting: 500,
  planWaitMs: 10_000,
  compositionMs: 10_000,
  sdlBytes: 1024 * 1024,
  operationMs: 60_000,
  fetchMs: 15_000,
  answerBytes: 32 * 1024 * 1024,
  connections: 20_000,
  connectionsPerUser: 1_000,
  connectionsPerAddress: 10_000,
  subscriptionsPerConnection: 500,
  socketMessageBytes: 4 * 1024 * 1024,
  socketMessagesBurst: 1_000,
  socketMessagesPerSecond: 100,
  socketInitMs: 5_000,
  keepAliveMs: 12_000,
  connectionBufferBytes: 4 * 1024 * 1024,
}
