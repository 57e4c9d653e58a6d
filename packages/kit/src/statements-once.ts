/** How many numbers one generation holds: 250,000 in 90 s are 2,700 mutations a second. */
const HELD_MAX = 250_000

/**
 * Numbers that may be used once. Each is remembered for at least `lifetimeMs`, in two generations, so that forgetting costs nothing.
 * What is full takes no further number.
 */
export class OnceNumbers {
  private current = new Set<string>()
  private before = new Set<string>()
  private turnedAt = performance.now()

  constructor(
    private readonly lifetimeMs: number,
    private readonly heldMax = HELD_MAX,
  ) {}

  /** Whether the number had not been used; now it has. */
  use(number: string): 'first' | 'again' | 'full' {
    this.turn()
    if (this.current.has(number) || this.before.has(number)) return 'again'
    if (this.current.size >= this.heldMax) return 'full'
    this.current.add(number)
    return 'first'
  }

  private turn(): void {
    const age = performance.now() - this.turnedAt
    if (age < this.lifetimeMs) return
    this.before = age < 2 * this.lifetimeMs ? this.current : new Set()
    this.current = new Set()
    this.turnedAt = performance.now()
  }
}
