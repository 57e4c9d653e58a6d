import { tooComplex } from '@ashlar/kit/errors'
import { GraphQLError, Lexer, Source, TokenKind } from 'graphql'
import type { Limits } from './limits.js'

const OPENING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L])
const CLOSING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R])

/**
 * Refuses a text that is longer or nests deeper than the parser and all that recurses after it can bear, without recursion of its
 * own: a few thousand selections within each other overflow the stack. What is no GraphQL at all is left for the parser to say.
 * @throws TOO_COMPLEX
 */
export function checkNesting(text: string, { nesting, tokens, lines }: Pick<Limits, 'nesting' | 'tokens' | 'lines'>) {
  if (text.length <= nesting) return
  if (hasMoreLines(text, lines)) throw tooComplex({ message: `The operation has more than ${lines} lines.`, limit: lines })
  const lexer = new Lexer(new Source(text))
  let depth = 0
  for (let count = 1; ; count += 1) {
    const kind = nextKind(lexer)
    if (kind === null || kind === TokenKind.EOF) return
    if (count > tokens) throw tooComplex({ message: `The operation has more than ${tokens} tokens.`, limit: tokens })
    if (OPENING.has(kind)) depth += 1
    if (CLOSING.has(kind)) depth -= 1
    if (depth > nesting) throw tooComplex({ message: `The operation nests deeper than ${nesting} levels.`, limit: nesting })
  }
}

/** Comments and the lines of a block string cost as much as tokens do, and no parser counts them. */
function hasMoreLines(text: string, limit: number): boolean {
  let lines = 1
  for (const end of text.length > limit ? ['\n', '\r'] : [])
    for (let at = text.indexOf(end); at !== -1 && lines <= limit; at = text.indexOf(end, at + 1)) lines += 1
  return lines > limit
}

function nextKind(lexer: Lexer): TokenKind | null {
  try {
    return lexer.advance().kind
  } catch (error) {
    if (error instanceof GraphQLError) return null
    throw error
  }
}
