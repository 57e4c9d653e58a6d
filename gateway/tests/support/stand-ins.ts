import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { augmentSchema } from '@ashlar/kit/augment-schema'
import { expandSubject, subjectTypesOf } from '@ashlar/kit/expand-subject'
import { idPrefix } from '@ashlar/kit/ids'
import {
  type DocumentNode,
  execute,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNullableType,
  isEnumType,
  isLeafType,
  isListType,
  isObjectType,
  parse,
  print,
} from 'graphql'
import type { GatewaySubgraph, SubgraphRequest } from '../../src/subgraph.js'

const CONTRACT = join(fileURLToPath(new URL('../../..', import.meta.url)), '../shared/contract')

/** A service that answers all that its schema has, always the same, until it is told to fail. */
export interface StandIn extends GatewaySubgraph {
  readonly asked: SubgraphRequest[]
  readonly schema: GraphQLSchema
  fails: boolean
}

export interface StandInOptions {
  /** Types that are added to what can be commented on and tagged, in a service of their own. */
  readonly addedSubjects?: readonly string[]
  /** How long each list is. */
  readonly listSize?: number
}

const SUBJECT_FIELDS = 'id: ID! viewerCanEdit: Boolean'

/** Stand-ins for all the services of the contract. */
export function standIns({ addedSubjects = [], listSize = 2 }: StandInOptions = {}): readonly StandIn[] {
  const documents = readdirSync(CONTRACT)
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => [basename(file, '.graphql'), augmentSchema(readFileSync(join(CONTRACT, file), 'utf8'))] as const)
  if (addedSubjects.length > 0) documents.push(['added', augmentSchema(addedSdl(addedSubjects))])
  const subjects = subjectTypesOf(documents.map(([, document]) => document))
  return documents.map(([name, document]) => standIn(name, document, { subjects, listSize }))
}

const addedSdl = (types: readonly string[]): string => `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  interface Subject { ${SUBJECT_FIELDS} } interface Node { id: ID! }
  type Query { ${types.map((type) => `added${type}: ${type}`).join(' ')} }
  ${types.map((type) => `type ${type} implements Subject & Node @key(fields: "id") { ${SUBJECT_FIELDS} }`).join('\n')}`

interface Making {
  readonly subjects: readonly string[]
  readonly listSize: number
}

function standIn(name: string, document: DocumentNode, { subjects, listSize }: Making): StandIn {
  const schema = buildSubgraphSchema(expandSubject(document, subjects))
  const asked: SubgraphRequest[] = []
  return {
    name,
    sdl: print(document),
    schema,
    asked,
    fails: false,
    async execute(request) {
      asked.push(request)
      if (this.fails) throw new Error(`${name} is down`)
      const { data, errors } = await execute({
        schema,
        document: parse(request.query),
        operationName: request.operationName ?? null,
        variableValues: request.variables,
        contextValue: { listSize },
        fieldResolver: made,
        typeResolver: ({ __typename }) => __typename,
      })
      return JSON.parse(JSON.stringify({ data, errors }))
    },
  }
}

interface Made {
  readonly [field: string]: unknown
}

/** What a field answers: what its object has, else something that depends on the object and the field alone. */
function made(parent: Made | undefined, args: Made, { listSize }: Pick<Making, 'listSize'>, info: GraphQLResolveInfo): unknown {
  const known = parent?.[info.fieldName]
  if (known !== undefined) return known
  const of = parent?.id ?? parent?.userId ?? parent?.made ?? ''
  const asked = args.id ?? ''
  return madeOf({ ...info, listSize }, info.returnType, `${info.parentType.name} ${of} ${info.fieldName} ${asked}`)
}

interface World {
  readonly schema: GraphQLSchema
  readonly listSize: number
}

function madeOf(world: World, given: GraphQLOutputType, seed: string): unknown {
  const type = getNullableType(given)
  if (isListType(type)) return Array.from({ length: world.listSize }, (_, at) => madeOf(world, type.ofType, `${seed} ${at}`))
  if (isEnumType(type)) return type.getValues()[hash(seed) % type.getValues().length]?.value
  if (isLeafType(type)) return leafOf(type.name, seed)
  const types = isObjectType(type) ? [type] : world.schema.getPossibleTypes(type)
  const chosen = types[hash(seed) % types.length]
  if (!chosen) return null
  const { id, userId } = chosen.getFields()
  return {
    __typename: chosen.name,
    made: seed,
    ...(id && { id: idOf(chosen.name, hash(seed)) }),
    ...(userId && { userId: idOf('User', 1) }),
  }
}

function leafOf(typeName: string, seed: string): unknown {
  switch (typeName) {
    case 'Int':
      return hash(seed) % 100
    case 'Float':
      return (hash(seed) % 1_000) / 8
    case 'Boolean':
      return hash(seed) % 2 === 0
    case 'DateTime':
      return '2026-11-27T12:00:00.000Z'
    case 'URL':
      return 'https://example.com/'
    case 'EmailAddress':
      return 'someone@example.com'
    case 'JSONObject':
      return { seed }
    default:
      return seed
  }
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** One of few, so that the same thing turns up in several places. */
const idOf = (typeName: string, n: number): string => `${idPrefix(typeName)}_01h455vb4pex5vsknk084sn0${ALPHABET[n % 5]}q`

/** FNV-1a. */
function hash(text: string): number {
  let value = 2_166_136_261
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 16_777_619)
  return value >>> 0
}
