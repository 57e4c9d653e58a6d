import { tooComplex } from '@ashlar/kit/errors'

/** All that one request may be answered of texts, in characters: a hundred of the longest posts, with something to spare. */
const CHARACTERS_MAX = 32 * 1024 * 1024

/** Bounds the texts of one answer: under other names the same long ones could be asked for any number of times. */
export class TextBudget {
  private left = CHARACTERS_MAX

  /** The text. @throws TOO_COMPLEX once the request has been answered too much */
  spend(text: string): string {
    this.left -= text.length
    if (this.left < 0)
      throw tooComplex({
        message: 'The texts that this operation asks for are too long together: ask for fewer at once.',
        limit: CHARACTERS_MAX,
      })
    return text
  }
}
