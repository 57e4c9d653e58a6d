export interface CompositionFault {
  readonly code: string
  readonly message: string
}

/** The schemas do not compose; every fault says in which service and why. */
export class CompositionError extends Error {
  constructor(readonly faults: readonly CompositionFault[]) {
    super(`the schemas do not compose:\n${faults.map(({ code, message }) => `  ${code}: ${message}`).join('\n')}`)
    this.name = 'CompositionError'
  }
}
