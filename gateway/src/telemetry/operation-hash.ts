import { createHash } from 'node:crypto'
import { type DocumentNode, Lexer, Source, TokenKind } from 'graphql'

const HASH_CHARS = 16
const LITERALS: ReadonlySet<TokenKind> = new Set([TokenKind.STRING, TokenKind.BLOCK_STRING, TokenKind.INT, TokenKind.FLOAT])

const known = new WeakMap<DocumentNode, string>()

/**
 * What operations are known by in log and traces: 16 hexadecimal digits of the SHA-256 of their tokens without what stands in literals,
 * which nobody can guess from it then, and which alone is no other operation.
 * @param text that the document is of; read once for as long as the document is kept
 */
export function operationHash(document: DocumentNode, text: string): string {
  const hash = known.get(document) ?? hashOf(text)
  known.set(document, hash)
  return hash
}

function hashOf(text: string): string {
  const lexer = new Lexer(new Source(text))
  let tokens = ''
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance())
    tokens += LITERALS.has(token.kind) ? `${token.kind} ` : `${token.value ?? token.kind} `
  return createHash('sha256').update(tokens).digest('hex').slice(0, HASH_CHARS)
}
