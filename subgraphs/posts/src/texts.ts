import { excerptOf, readingMinutesOf, renderMarkdown } from '@ashlar/kit/text'

/** A content and what is made of it once, when it is written. */
export interface WrittenText {
  readonly content: string
  readonly html: string
  /** Its first words, for lists. */
  readonly opening: string
  readonly readingMinutes: number
}

/** @throws BAD_USER_INPUT for what can't be rendered in time; RATE_LIMITED */
export async function writeText(content: string, path: readonly string[] = ['input', 'content']): Promise<WrittenText> {
  const { html, text } = await renderMarkdown(content, path)
  return { content, html, opening: excerptOf(text), readingMinutes: readingMinutesOf(text) }
}
