import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from 'graphql'

/** mulberry32: numbers from 0 to 1 that a seed decides. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let value = Math.imul(state ^ (state >>> 15), state | 1)
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61)
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface RandomOperation {
  readonly query: string
  readonly variables: Record<string, unknown>
}

/** An operation that is valid for a schema, with aliases, fragments, conditions, and the same field at many places. */
export function randomOperation(schema: GraphQLSchema, seed: number, depth = 5): RandomOperation {
  const random = randomOf(seed)
  const chance = (part: number) => random() < part
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item
  const variables: Record<string, unknown> = {}
  const declared: string[] = []
  const fragments: string[] = []

  function condition(): string {
    if (!chance(0.12)) return ''
    const name = `c${declared.length}`
    declared.push(`$${name}: Boolean!`)
    variables[name] = chance(0.5)
    return ` @${pick(['skip', 'include'])}(if: $${name})`
  }

  function argumentsOf({ args }: GraphQLField<unknown, unknown>): string {
    const given = args.flatMap(({ name, type }) => {
      if (String(type) === 'ID!') return [`${name}: "r${Math.floor(random() * 9)}"`]
      if (!chance(0.4)) return []
      const variable = `n${declared.length}`
      declared.push(`$${variable}: Int!`)
      variables[variable] = Math.floor(random() * 4)
      return [`${name}: $${variable}`]
    })
    return given.length > 0 ? `(${given.join(', ')})` : ''
  }

  /** @param others the fields beside it, as whose name it may go */
  function field(
    one: GraphQLField<unknown, unknown>,
    left: number,
    at: number,
    others: readonly GraphQLField<unknown, unknown>[] = [],
  ): string {
    const type = getNamedType(one.type)
    const args = argumentsOf(one)
    // What has other arguments, or another type in another place, must not meet under one name.
    const apart = args || chance(0.15) ? `${one.name}_${declared.length}_${at}_${left}: ` : ''
    const alias = others.length > 0 && chance(0.06) ? `${pick(others).name}: ` : apart
    const selections = isCompositeType(type) ? ` ${selectionsOf(type, left - 1)}` : ''
    return `${alias}${one.name}${args}${condition()}${selections}`
  }

  function selectionsOf(type: GraphQLNamedType, left: number): string {
    const parts: string[] = []
    const fields = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : []
    const leaves = fields.filter((one) => !isCompositeType(getNamedType(one.type)))
    const branches = fields.filter((one) => isCompositeType(getNamedType(one.type)))
    for (const one of leaves) if (chance(0.4)) parts.push(field(one, left, parts.length, fields))
    if (left > 0) for (const one of branches) if (chance(0.45)) parts.push(field(one, left, parts.length, fields))
    if (left > 0 && isAbstractType(type))
      for (const possible of schema.getPossibleTypes(type)) if (chance(0.6)) parts.push(fragmentOn(possible, left - 1))
    if (left > 0 && isObjectType(type) && chance(0.15)) parts.push(fragmentOn(type, left - 1))
    if (parts.length === 0 || chance(0.3)) parts.push('__typename')
    return `{ ${parts.join(' ')} }`
  }

  function fragmentOn(type: GraphQLObjectType, left: number): string {
    const selections = selectionsOf(type, left)
    if (chance(0.5)) return `... on ${type.name}${condition()} ${selections}`
    const name = `F${fragments.length}`
    fragments.push(`fragment ${name} on ${type.name} ${selections}`)
    return `...${name}${condition()}`
  }

  const query = schema.getQueryType() as GraphQLObjectType
  const roots = Object.values(query.getFields()).filter((one) => !isUnionType(one.type) || depth > 0)
  const selections = Array.from({ length: 1 + Math.floor(random() * 2) }, (_, at) => field(pick(roots), depth, at + 100))
  return {
    query: `query Random${declared.length > 0 ? `(${declared.join(', ')})` : ''} { ${selections.join(' ')} } ${fragments.join(' ')}`,
    variables,
  }
}
