import type { ResponsePath } from './data-path.js'
import { fieldOf, isObject } from './json-text.js'

/** What is kept while one answer is written. */
export interface Writing {
  /** The text so far, in pieces: joined once, they cost less than all that would come of adding one to another. */
  readonly pieces: string[]
  /** What stands in several places; null where there is none. */
  readonly shared: ReadonlySet<object> | null
  /** The text of that, by the place in the operation; null for what is not written. */
  readonly written: Map<WriterNode, Map<object, string | null>>
  readonly variables: Readonly<Record<string, unknown>>
  /** Whether anything is null that must not be, or has another form than the schema says. */
  faulty: boolean
}

/** Told of each place that is to blame for what is null by force. */
export type Blame = (place: ResponsePath) => void

/** What a value turns out to be: `null` for one that simply is not there, `lost` where that is blamed on somewhere. */
export type Found = 'there' | 'null' | 'lost'

/** How the value at one place of an operation is written. */
export interface WriterNode {
  /** Writes it as JSON. Answers false, and has written nothing, for what is null, or has to be since something within must not be. */
  write(value: unknown, writing: Writing): boolean
  /** What is written of a key of the value; null for what is not in the answer. */
  step(value: unknown, key: string | number): Stepped | null
  /** The same walk as `write` with its path, for an answer that is faulty. */
  find(value: unknown, path: (string | number)[], blame: Blame): Found
}

export interface Stepped {
  /** As it is called in the answer. */
  readonly key: string | number
  readonly node: WriterNode
  readonly value: unknown
}

export interface WrittenField {
  readonly key: string
  /** Under which the value stands in the data. */
  readonly dataKey: string
  /** `"key":` with what separates it from the field before. */
  readonly opening: string
  /** The same for a value that is null. */
  readonly none: string
  readonly nonNull: boolean
  readonly node: WriterNode
}

export class ObjectNode implements WriterNode {
  constructor(
    readonly typeName: string,
    readonly fields: readonly WrittenField[],
  ) {}

  write(value: unknown, writing: Writing): boolean {
    if (!this.isOfType(value)) return nothing(value, writing)
    return writing.shared?.has(value)
      ? once(this, value, writing, () => this.writeFields(value, writing))
      : this.writeFields(value, writing)
  }

  find(value: unknown, path: (string | number)[], blame: Blame): Found {
    if (!this.isOfType(value)) return blamed(value, path, blame)
    let found: Found = 'there'
    for (const { dataKey, nonNull, node } of this.fields)
      if (isLost(node, fieldOf(value, dataKey), nonNull, [...path, dataKey], blame)) found = 'lost'
    return found
  }

  step(value: unknown, key: string | number) {
    const field = this.fields.find((each) => each.dataKey === key)
    return field ? { key: field.key, node: field.node, value: isObject(value) ? fieldOf(value, field.dataKey) : undefined } : null
  }

  /** A value need not say of what type it is; one that does says this one. */
  private isOfType(value: unknown): value is Readonly<Record<string, unknown>> {
    if (!isObject(value)) return false
    const { __typename: typeName } = value
    return typeName === undefined || typeName === this.typeName
  }

  private writeFields(value: Readonly<Record<string, unknown>>, writing: Writing): boolean {
    const { pieces } = writing
    const from = pieces.push('{') - 1
    for (const { dataKey, opening, none, nonNull, node } of this.fields) {
      const at = pieces.push(opening) - 1
      if (node.write(fieldOf(value, dataKey), writing)) continue
      if (nonNull) return undo(writing, from)
      pieces[at] = none
    }
    pieces.push('}')
    return true
  }
}

export class ListNode implements WriterNode {
  constructor(
    readonly item: WriterNode,
    readonly nonNull: boolean,
  ) {}

  write(value: unknown, writing: Writing): boolean {
    if (!Array.isArray(value)) return nothing(value, writing)
    return writing.shared?.has(value) ? once(this, value, writing, () => this.writeItems(value, writing)) : this.writeItems(value, writing)
  }

  private writeItems(value: readonly unknown[], writing: Writing): boolean {
    const { pieces } = writing
    const from = pieces.push('[') - 1
    for (let at = 0; at < value.length; at += 1) {
      if (at > 0) pieces.push(',')
      if (this.item.write(value[at], writing)) continue
      if (this.nonNull) return undo(writing, from)
      pieces.push('null')
    }
    pieces.push(']')
    return true
  }

  find(value: unknown, path: (string | number)[], blame: Blame): Found {
    if (!Array.isArray(value)) return blamed(value, path, blame)
    let found: Found = 'there'
    for (const [index, item] of value.entries()) if (isLost(this.item, item, this.nonNull, [...path, index], blame)) found = 'lost'
    return found
  }

  step(value: unknown, key: string | number) {
    return typeof key === 'number' ? { key, node: this.item, value: Array.isArray(value) ? value[key] : undefined } : null
  }
}

/** An interface or a union: written as the type that the value says it has. One that clients don't know is not there for them. */
export class AbstractNode implements WriterNode {
  private readonly nodes = new Map<string, WriterNode>()

  /** @param ownName of which type what does not say so is, where that may be known by no more than the interface */
  constructor(
    private readonly compile: (typeName: string) => WriterNode | null,
    private readonly ownName?: string,
  ) {}

  write(value: unknown, writing: Writing): boolean {
    if (!isObject(value)) return nothing(value, writing)
    return this.nodeOf(value)?.write(value, writing) ?? false
  }

  find(value: unknown, path: (string | number)[], blame: Blame): Found {
    if (!isObject(value)) return blamed(value, path, blame)
    return this.nodeOf(value)?.find(value, path, blame) ?? 'null'
  }

  step(value: unknown, key: string | number) {
    return (isObject(value) && this.nodeOf(value)?.step(value, key)) || null
  }

  /** How a value is written; null for one of no type that clients know. */
  nodeOf(value: Readonly<Record<string, unknown>>): WriterNode | null {
    const typeName = fieldOf(value, '__typename') ?? this.ownName
    if (typeof typeName !== 'string') return null
    const known = this.nodes.get(typeName)
    if (known) return known
    const node = this.compile(typeName)
    // Of names that services make up none is remembered.
    if (node) this.nodes.set(typeName, node)
    return node
  }
}

export class LeafNode implements WriterNode {
  /**
   * @param toJson undefined for a value that the type does not have
   * @param builtIn the name of a scalar of GraphQL itself; null for any other type
   */
  constructor(
    readonly toJson: (value: unknown) => string | undefined,
    readonly builtIn: string | null,
  ) {}

  write(value: unknown, writing: Writing): boolean {
    if (value === null || value === undefined) return false
    const text = this.toJson(value)
    if (text === undefined) return nothing(value, writing)
    writing.pieces.push(text)
    return true
  }

  find(value: unknown, path: (string | number)[], blame: Blame): Found {
    if (value === null || value === undefined) return 'null'
    return this.toJson(value) === undefined ? blamed(value, path, blame) : 'there'
  }

  step() {
    return null
  }
}

/** What does not come from the data: a type's name, the schema itself. */
export class TextNode implements WriterNode {
  readonly text: (variables: Writing['variables']) => string
  /** The text, where it is always the same. */
  readonly constant: string | null

  constructor(text: string | ((variables: Writing['variables']) => string)) {
    this.constant = typeof text === 'string' ? text : null
    this.text = typeof text === 'string' ? () => text : text
  }

  write(_value: unknown, { pieces, variables }: Writing): boolean {
    pieces.push(this.text(variables))
    return true
  }

  find(): Found {
    return 'there'
  }

  step() {
    return null
  }
}

function nothing(value: unknown, writing: Writing): false {
  if (value !== null && value !== undefined) writing.faulty = true
  return false
}

/** What must not be null is: what it stands in is not written either. */
function undo(writing: Writing, from: number): false {
  writing.pieces.length = from
  writing.faulty = true
  return false
}

/** Writes what stands in several places: the first time as it is, then as it was written. */
function once(node: WriterNode, value: object, writing: Writing, write: () => boolean): boolean {
  const { pieces, written } = writing
  let texts = written.get(node)
  if (!texts) {
    texts = new Map()
    written.set(node, texts)
  }
  let text = texts.get(value)
  if (text === undefined) {
    const from = pieces.length
    text = write() ? pieces.splice(from).join('') : null
    texts.set(value, text)
  }
  if (text === null) return false
  pieces.push(text)
  return true
}

function blamed(value: unknown, path: ResponsePath, blame: Blame): Found {
  if (value === null || value === undefined) return 'null'
  blame(path)
  return 'lost'
}

/** Whether what must not be null is, so that what it stands in is lost with it. */
function isLost(node: WriterNode, value: unknown, nonNull: boolean, path: (string | number)[], blame: Blame): boolean {
  const found = node.find(value, path, blame)
  if (found === 'there' || !nonNull) return false
  if (found === 'null') blame(path)
  return true
}
