import { fieldOf, quoted } from './json-text.js'
import { AbstractNode, LeafNode, ListNode, ObjectNode, TextNode, type WriterNode, type Writing, type WrittenField } from './writer-nodes.js'

/** What is kept while generated code writes one answer. */
export class CodeWriting {
  faulty = false
  private readonly written = new Map<WriterNode, Map<object, string | null>>()

  /**
   * @param shared what stands in several places; null where there is none
   * @param plain whether none of the texts needs escaping
   */
  constructor(
    readonly shared: ReadonlySet<object> | null,
    readonly plain: boolean,
    readonly variables: Readonly<Record<string, unknown>>,
  ) {}

  /** The text of what stands in several places, where it is written already. */
  known(node: WriterNode, value: object): string | null | undefined {
    return this.written.get(node)?.get(value)
  }

  keep(node: WriterNode, value: object, text: string | null): string | null {
    const texts = this.written.get(node)
    if (texts) texts.set(value, text)
    else this.written.set(node, new Map([[value, text]]))
    // Reading a character makes one text of the pieces: each place would put them together again.
    text?.charCodeAt(0)
    return text
  }
}

/** Writes a value as JSON; null for what is null, or has to be since something within must not be. */
export type WriteCode = (value: unknown, writing: CodeWriting) => string | null

/** Places of one operation for which code is generated; beyond them the nodes write themselves. */
const NODES_MAX = 2_000

/**
 * Generates code that writes the same as the node does, specialised for its fields: for an engine that compiles it further, that is several
 * times as fast as going from node to node. Names come into the source as JSON alone, which is JavaScript too (ECMAScript 2019), so that
 * none can be anything but a string there. null where the operation is too large, or a policy forbids code from strings.
 */
export function generateWriter(root: ObjectNode): WriteCode | null {
  const source = new Source()
  const name = source.nameOf(root)
  if (source.isFull) return null
  try {
    const make = new Function('use', 'nodes', `'use strict'\n${USED}\n${source.functions.join('\n')}\nreturn ${name}`)
    return make(use, source.nodes) as WriteCode
  } catch (error) {
    if (error instanceof EvalError) return null
    throw error
  }
}

/** The same by the node itself. */
const withoutCode =
  (node: WriterNode): WriteCode =>
  (value, writing) => {
    const own: Writing = { pieces: [], shared: writing.shared, written: new Map(), variables: writing.variables, faulty: false }
    const text = node.write(value, own) ? own.pieces.join('') : null
    if (own.faulty) writing.faulty = true
    return text
  }

/** What generated code calls. */
const use = {
  withoutCode,
  quoted,
  fieldOf,
  isArray: Array.isArray,
  isInteger: Number.isInteger,
  isFinite: Number.isFinite,
  /** What is not there, or has another form than the schema says. A function is something that every object inherits. */
  miss(value: unknown, writing: CodeWriting): null {
    if (value !== null && value !== undefined && typeof value !== 'function') writing.faulty = true
    return null
  },
  /** What must not be null is: what it stands in is not written either. */
  lost(writing: CodeWriting): null {
    writing.faulty = true
    return null
  },
  leaf(node: LeafNode, value: unknown, writing: CodeWriting): string | null {
    if (value === null || value === undefined || typeof value === 'function') return null
    return node.toJson(value) ?? use.lost(writing)
  },
  abstract(node: AbstractNode): WriteCode {
    const known = new Map<WriterNode, WriteCode>()
    return (value, writing) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return use.miss(value, writing)
      const concrete = node.nodeOf(value as Readonly<Record<string, unknown>>)
      if (!concrete) return null
      let write = known.get(concrete)
      if (!write) {
        write = (concrete instanceof ObjectNode ? generateWriter(concrete) : null) ?? withoutCode(concrete)
        known.set(concrete, write)
      }
      return write(value, writing)
    }
  },
}

const USED = `const { ${Object.keys(use).join(', ')} } = use`

const literal = (text: string): string => JSON.stringify(text)

/** A built-in scalar in the form that JSON has for it: whether a value has that form, and its text; `w` is what is being written. */
const INLINE: Readonly<Record<string, (opening: string) => string>> = {
  String: (opening) => `if (typeof f === 'string') s += w.plain ? ${literal(`${opening}"`)} + f + '"' : ${literal(opening)} + quoted(f)`,
  ID: (opening) =>
    `${INLINE.String?.(opening)}
    else if (isInteger(f)) s += ${literal(`${opening}"`)} + f + '"'`,
  Int: (opening) => `if ((f | 0) === f) s += ${literal(opening)} + f`,
  Float: (opening) => `if (isFinite(f)) s += ${literal(opening)} + f`,
  Boolean: (opening) => `if (typeof f === 'boolean') s += f ? ${literal(`${opening}true`)} : ${literal(`${opening}false`)}`,
}

class Source {
  readonly functions: string[] = []
  /** What the code refers to, by number. */
  readonly nodes: WriterNode[] = []
  private readonly names = new Map<WriterNode, string>()

  get isFull(): boolean {
    return this.nodes.length > NODES_MAX
  }

  /** The name of the function that writes a node. */
  nameOf(node: WriterNode): string {
    const known = this.names.get(node)
    if (known) return known
    const at = this.nodes.push(node) - 1
    const name = `n${at}`
    this.names.set(node, name)
    if (!this.isFull) this.functions.push(this.functionOf(node, at))
    return name
  }

  private functionOf(node: WriterNode, at: number): string {
    if (node instanceof ObjectNode) return this.objectFunction(node, at)
    if (node instanceof ListNode) return this.listFunction(node, at)
    if (node instanceof AbstractNode) return `const n${at} = abstract(nodes[${at}])`
    if (node instanceof LeafNode) return `const n${at} = (f, w) => leaf(nodes[${at}], f, w)`
    if (node instanceof TextNode) return `const n${at} = (_, w) => nodes[${at}].text(w.variables)`
    return `const n${at} = withoutCode(nodes[${at}])`
  }

  private objectFunction(node: ObjectNode, at: number): string {
    return `function n${at}(v, w) {
  if (typeof v !== 'object' || v === null || isArray(v)) return miss(v, w)
  const t = v.__typename
  if (t !== undefined && t !== ${literal(node.typeName)}) return miss(v, w)
${once(at)}
}
function m${at}(v, w) {
  let s = '', f
${node.fields.map((field, index) => this.fieldCode(field, index === 0 ? '{' : '')).join('\n')}
  return s + ${literal(node.fields.length === 0 ? '{}' : '}')}
}`
  }

  private fieldCode({ dataKey: key, opening, none, nonNull, node }: WrittenField, before: string): string {
    const value = key === '__proto__' ? `fieldOf(v, ${literal(key)})` : `v[${literal(key)}]`
    const missing = nonNull ? 'return lost(w)' : `s += ${literal(before + none)}`
    const inline = node instanceof LeafNode && node.builtIn ? INLINE[node.builtIn] : undefined
    if (inline)
      return `  f = ${value}
    ${inline(before + opening)}
    else { miss(f, w); ${missing} }`
    if (node instanceof TextNode && node.constant !== null) return `  s += ${literal(before + opening + node.constant)}`
    return `  f = ${this.nameOf(node)}(${value}, w)
  if (f === null) ${missing}; else s += ${literal(before + opening)} + f`
  }

  private listFunction({ item, nonNull }: ListNode, at: number): string {
    return `function n${at}(v, w) {
  if (!isArray(v)) return miss(v, w)
${once(at)}
}
function m${at}(v, w) {
  let s = '['
  for (let i = 0; i < v.length; i++) {
    const x = ${this.nameOf(item)}(v[i], w)
    ${nonNull ? 'if (x === null) return lost(w)' : ''}
    s += i === 0 ? ${nonNull ? 'x' : "x ?? 'null'"} : ',' + ${nonNull ? 'x' : "(x ?? 'null')"}
  }
  return s + ']'
}`
  }
}

/** What stands in several places is written once. */
const once = (at: number): string => `  if (w.shared === null || !w.shared.has(v)) return m${at}(v, w)
  const k = w.known(nodes[${at}], v)
  return k !== undefined ? k : w.keep(nodes[${at}], v, m${at}(v, w))`
