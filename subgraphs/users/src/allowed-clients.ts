import type { Caller } from '@ashlar/kit/caller'

/** Who may use the sign-in popup, cookies and CORS: those of the configuration, and those that are added here. */
export class AllowedClients {
  /** The origins among them, as CORS asks for them; at most 5 s old. */
  async origins(): Promise<ReadonlySet<string>> {
    throw new Error('not written yet')
  }
  /** Whether an origin or app address is on the list, exactly. */
  async includes(_client: string): Promise<boolean> {
    throw new Error('not written yet')
  }
  async list(_caller: Caller): Promise<string[]> {
    throw new Error('not written yet')
  }
  async set(_caller: Caller, _clients: readonly string[]): Promise<string[]> {
    throw new Error('not written yet')
  }
}
