import { createHash } from 'node:crypto'
import type { KeyValueCache } from '@apollo/utils.keyvaluecache'
import { badUserInput } from '@ashlar/kit/errors'
import { GraphQLError } from 'graphql'
import { z } from 'zod'
import { PERSISTED_SECONDS } from '../apollo-server.js'
import type { StreamRequest } from './stream.js'

/** As Apollo's door keeps them, so that each knows what the other has been told. */
const PREFIX = 'apq:'
const persistedQuery = z.object({ version: z.literal(1), sha256Hash: z.string().max(100) })

type Asked = Pick<StreamRequest, 'query' | 'extensions'>

/**
 * The text that a request means: its own, or that of the hash it brings (automatic persisted queries).
 * @throws PERSISTED_QUERY_NOT_FOUND, upon which a client sends the text as well; BAD_USER_INPUT where there is neither, or they do not match
 */
export async function textOf({ query, extensions }: Asked, persisted: KeyValueCache): Promise<string> {
  const hash = hashIn(extensions)
  if (query !== null) {
    if (hash !== null && hashOf(query) !== hash) throw badUserInput('extensions.persistedQuery.sha256Hash', 'is not that of the text')
    return query
  }
  if (hash === null) throw badUserInput('query', 'is missing')
  const known = await persisted.get(PREFIX + hash)
  if (known === undefined) throw new GraphQLError('PersistedQueryNotFound', { extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } })
  return known
}

/** Keeps a text that came with its hash, once it has been found valid. */
export async function keepText({ query, extensions }: Asked, persisted: KeyValueCache): Promise<void> {
  const hash = hashIn(extensions)
  if (query !== null && hash !== null) await persisted.set(PREFIX + hash, query, { ttl: PERSISTED_SECONDS })
}

function hashIn({ persistedQuery: given }: StreamRequest['extensions']): string | null {
  if (given === undefined || given === null) return null
  const read = persistedQuery.safeParse(given)
  if (!read.success) throw badUserInput('extensions.persistedQuery', 'has a version other than 1, or no sha256Hash')
  return read.data.sha256Hash
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
