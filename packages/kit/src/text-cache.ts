export interface TextCacheMax {
  readonly texts: number
  /** Of all texts together, in characters: what is made of a text is some tens of times as large. */
  readonly length: number
}

/** What was made of a text, kept by that text. Bounded; the one used longest ago makes room. */
export class TextCache<Value> {
  private readonly values = new Map<string, Value>()
  private length = 0

  constructor(private readonly max: TextCacheMax) {}

  get(text: string): Value | undefined {
    const value = this.values.get(text)
    if (value === undefined) return undefined
    this.values.delete(text)
    this.values.set(text, value)
    return value
  }

  set(text: string, value: Value): void {
    this.drop(text)
    this.values.set(text, value)
    this.length += text.length
    for (const oldest of this.values.keys()) {
      if (this.values.size <= this.max.texts && this.length <= this.max.length) return
      this.drop(oldest)
    }
  }

  private drop(text: string): void {
    if (this.values.delete(text)) this.length -= text.length
  }
}
