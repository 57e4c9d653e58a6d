/**
 * Who comes over one connection, by the word of the latest proof. Another person's is none, nor is somebody's where nobody came, or the
 * other way round: what streams already would change hands.
 */
export class LatestProof<Proof extends object> {
  private taken: Proof | null = null
  private count = 0

  /** @param userIdOf the uuid of who a proof says that comes; null for nobody */
  constructor(private readonly userIdOf: (proof: Proof) => string | null) {}

  /** null before the first. */
  get current(): Proof | null {
    return this.taken
  }

  /**
   * Takes what a proof shows.
   * @returns `taken`; `late` where a later one was brought meanwhile, which then decides; `refused`
   */
  async take(prove: () => Promise<Proof | null> | Proof | null): Promise<'taken' | 'late' | 'refused'> {
    this.count += 1
    const turn = this.count
    const proof = await prove()
    if (!proof || (this.taken && this.userIdOf(this.taken) !== this.userIdOf(proof))) return 'refused'
    if (turn !== this.count) return 'late'
    this.taken = proof
    return 'taken'
  }
}
