import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  buildSchema,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { hasContract } from './support/contract.js'
import { AS_USER, type Running, startGateway } from './support/running-gateway.js'
import { type StandIn, standIns } from './support/stand-ins.js'

const SCREEN = `{
  viewer { id user { username displayName } notes(first: 3) { nodes { __typename title tags { name } } } rooms(first: 3) { nodes { __typename name topic } } mailbox { unreadCount } }
  posts(first: 3) { nodes { __typename title author { username } commentCount tags { name } comments(first: 3) { nodes { text author { username } } } } }
}`
const SERVICES = ['users', 'notes', 'chat', 'messages', 'posts', 'comments', 'tags']

const MUTATIONS = `mutation {
  createNote(input: { title: "a" }) { note { title tags { name } } }
  createPost(input: { title: "b", content: "c" }) { post { title author { username } commentCount } }
  createRoom(input: { name: "d" }) { room { name topic } }
}`
const MUTATING: readonly (readonly [service: string, field: string])[] = [
  ['notes', 'createNote'],
  ['posts', 'createPost'],
  ['chat', 'createRoom'],
]

type Path = readonly (string | number)[]

/** Where one answer has null and the other has not; throws for whatever else differs. */
function lost(whole: unknown, partial: unknown, path: Path = []): Path[] {
  if (partial === null && whole !== null) return [path]
  if (typeof whole !== 'object' || whole === null) {
    expect({ path, value: partial }).toEqual({ path, value: whole })
    return []
  }
  expect({ path, keys: Object.keys(partial as object) }).toEqual({ path, keys: Object.keys(whole) })
  return Object.entries(whole).flatMap(([key, value]) =>
    lost(value, (partial as Record<string, unknown>)[key], [...path, Array.isArray(whole) ? Number(key) : key]),
  )
}

function without(data: unknown, paths: readonly Path[]): unknown {
  const copy = structuredClone(data)
  for (const path of paths) {
    const parent = path.slice(0, -1).reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], copy)
    ;(parent as Record<string | number, unknown>)[path.at(-1) as string | number] = null
  }
  return copy
}

;(hasContract ? describe : describe.skip)('a screen over seven services (only where ../shared/contract lies beside the project)', () => {
  let running: Running
  let services: readonly StandIn[]
  let api: GraphQLSchema
  beforeAll(async () => {
    services = standIns()
    running = await startGateway({ subgraphs: services })
    api = buildSchema(running.gateway.apiSdl)
  }, 60_000)
  afterAll(async () => {
    await running[Symbol.asyncDispose]()
  })

  const failing = async (name: string, query: string) => {
    const service = services.find((each) => each.name === name)
    if (!service) throw new Error(`there is no ${name}`)
    service.fails = true
    const answer = await running.ask(query, {}, AS_USER)
    service.fails = false
    return answer
  }

  /** Whether the field at a path, or one of those that it stands in, is one that a service answers, or what must be there of what it is. */
  function isOf(name: string, path: Path, whole: unknown): boolean {
    const { schema } = services.find((each) => each.name === name) as StandIn
    const has = (type: GraphQLNamedType | null | undefined, key: string): boolean => {
      const own = type && schema.getType(type.name)
      return (isObjectType(own) || isInterfaceType(own)) && key in own.getFields() && key !== 'id'
    }
    let type: GraphQLNamedType | null | undefined = api.getQueryType()
    let value = whole
    for (const key of path) {
      value = (value as Record<string | number, unknown>)[key]
      if (typeof key === 'number' || !(isObjectType(type) || isInterfaceType(type))) continue
      if (has(type, key)) return true
      const field: GraphQLField<unknown, unknown> | undefined = type.getFields()[key]
      type = field && getNamedType(field.type)
    }
    const fields = isObjectType(type) ? type.getFields() : {}
    return Object.keys(value as object).some((key) => has(type, key) && fields[key] && isNonNullType(fields[key].type))
  }

  it('comes whole', async () => {
    const { json } = await running.ask(SCREEN, {}, AS_USER)
    expect(json.errors).toBeUndefined()
    expect(json.data?.posts.nodes[0]?.comments.nodes[0].author.username).toEqual(expect.any(String))
    expect(lost(json.data, json.data)).toEqual([])
  })

  it.each(SERVICES)('loses what %s has, with an error for each fetch, and nothing else', async (name) => {
    const whole = await running.ask(SCREEN, {}, AS_USER)
    const partial = await failing(name, SCREEN)
    expect(partial.status).toBe(200)
    const { data, errors = [] } = partial.json
    const paths = lost(whole.json.data, data)
    expect(paths.length).toBeGreaterThan(0)
    for (const path of paths) expect({ path, isIts: isOf(name, path, whole.json.data) }).toEqual({ path, isIts: true })
    // What is left is the same to the byte.
    expect(JSON.stringify(data)).toBe(JSON.stringify(without(whole.json.data, paths)))
    expect(errors.length).toBeGreaterThan(0)
    const places = new Set(paths.map((path) => path.filter((key) => typeof key === 'string').join('.')))
    expect(errors.length).toBeLessThanOrEqual(places.size)
    for (const { path, extensions, message } of errors) {
      expect({ code: extensions?.code, message }).toEqual({ code: 'SUBGRAPH_UNAVAILABLE', message: expect.any(String) })
      expect(paths.some((each) => each.every((key, at) => key === path?.[at]))).toBe(true)
    }
    expect(running.lines.filter(({ msg }) => String(msg).includes('schema does not allow'))).toEqual([])
  })

  it.each(MUTATING)('does the other two mutations, in their order, where %s fails', async (name, field) => {
    const whole = await running.ask(MUTATIONS, {}, AS_USER)
    expect(whole.json.errors).toBeUndefined()
    for (const { asked } of services) asked.length = 0
    const partial = await failing(name, MUTATIONS)
    const { data, errors = [] } = partial.json
    expect(Object.keys(data ?? {})).toEqual(MUTATING.map(([, each]) => each))
    expect(JSON.stringify(data)).toBe(JSON.stringify({ ...whole.json.data, [field]: null }))
    expect(errors.map(({ path, extensions }) => [path, extensions?.code, extensions?.outcome])).toEqual([
      [[field], 'SUBGRAPH_UNAVAILABLE', 'UNKNOWN'],
    ])
    for (const [each] of MUTATING) {
      const { asked } = services.find(({ name: other }) => other === each) as StandIn
      expect(asked.filter(({ writing }) => writing)).toHaveLength(1)
    }
  })
})
