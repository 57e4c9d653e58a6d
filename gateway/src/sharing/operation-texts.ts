import { createHash } from 'node:crypto'
import { stripIgnoredCharacters } from 'graphql'

/** Longer ones are as good as never asked twice at once, and reading them is left to who refuses them. */
const TEXT_MAX = 32_768
const CHARS_MAX = 4_000_000
/** Of the hashes that stand for a text, 64 characters each. */
const HASHES_MAX = 1_000
/** Wherever it stands: what looks like more than reading is not shared. */
const MORE_THAN_READING = /\b(?:mutation|subscription)\b/

/** Texts of operations as they are compared: without blanks, commas and comments (GraphQL, Ignored Tokens). Each is read once. */
export class OperationTexts {
  private readonly texts = new Map<string, string | null>()
  private readonly hashes = new Map<string, string>()
  private chars = 0

  /** Null for one that may do more than read, that is no GraphQL, or that is too long. */
  normalised(text: string): string | null {
    if (text.length > TEXT_MAX) return null
    const known = this.texts.get(text)
    if (known !== undefined) return known
    const normalised = MORE_THAN_READING.test(text) ? null : stripped(text)
    this.texts.set(text, normalised)
    this.chars += text.length
    for (const [oldest] of this.texts) {
      if (this.chars <= CHARS_MAX) break
      this.texts.delete(oldest)
      this.chars -= oldest.length
    }
    return normalised
  }

  /** What a hash stands for, once an operation has come by it; null before. */
  ofHash(hash: string): string | null {
    return this.hashes.get(hash) ?? null
  }

  /** Says what has been carried out for a hash; of use only where it is the text's own, which never changes what it stands for. */
  learn(hash: string, text: string): void {
    const normalised = this.normalised(text)
    if (normalised === null || createHash('sha256').update(text).digest('hex') !== hash) return
    this.hashes.delete(hash)
    this.hashes.set(hash, normalised)
    const [oldest] = this.hashes.keys()
    if (this.hashes.size > HASHES_MAX && oldest !== undefined) this.hashes.delete(oldest)
  }
}

function stripped(text: string): string | null {
  try {
    return stripIgnoredCharacters(text)
  } catch {
    return null
  }
}
