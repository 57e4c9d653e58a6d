import { ask } from '../client.js'
import type { FaultsFound } from '../faults-found.js'
import type { Session } from '../session.js'
import type { Ledger } from './ledger.js'
import { textOf, type WrittenPost } from './written-post.js'

const POSTS = `query ($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Post { id title kind status revision revisions(first: 100) { nodes { revision content } } } }
}`
const OWN = `query ($after: String) {
  viewer { posts(first: 100, after: $after) { nodes { id title } pageInfo { hasNextPage endCursor } } }
}`
const AT_ONCE = 20

interface FoundPost {
  readonly id: string
  readonly title: string
  readonly kind: string
  readonly status: string
  readonly revision: number
  readonly revisions: { readonly nodes: readonly { readonly revision: number; readonly content: string }[] }
}

interface OwnPosts {
  readonly viewer: {
    readonly posts: {
      readonly nodes: readonly { readonly id: string; readonly title: string }[]
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
    }
  }
}

/** Reads through the public door, while all is well. @throws Error where it does not answer */
async function read<Data>(url: string, query: string, variables: object, session: Session): Promise<Data> {
  const { data, words } = await ask<Data>(url, query, variables, { token: session.token, limitMs: 30_000 })
  if (!data) throw new Error(`what was written could not be read back: ${words}`)
  return data
}

/** Reads posts back, with all revisions, as somebody who sees them all. */
export async function readBack(url: string, owner: Session, posts: readonly WrittenPost[], found: FaultsFound): Promise<void> {
  for (let start = 0; start < posts.length; start += AT_ONCE) {
    const some = posts.slice(start, start + AT_ONCE)
    const { nodes } = await read<{ nodes: readonly (FoundPost | null)[] }>(url, POSTS, { ids: some.map(({ id }) => id) }, owner)
    for (const [at, post] of some.entries()) if (!post.unsure) compare(post, nodes[at] ?? null, found)
  }
}

function compare(post: WrittenPost, there: FoundPost | null, found: FaultsFound): void {
  const { key, kind, status, revision, texts } = post
  if (!there) {
    found.add('LOST', `${key} was acknowledged and is not there`)
    return
  }
  const is = (what: string, value: unknown, expected: unknown) => {
    if (value !== expected) found.add('CHANGED', `${what} of ${key} is ${value} instead of ${expected}`)
  }
  is('the title', there.title, key)
  is('the kind', there.kind, kind)
  is('the status', there.status, status)
  if (there.revision !== revision)
    found.add(there.revision > revision ? 'DOUBLED' : 'LOST', `${key} is at revision ${there.revision} instead of ${revision}`)
  const written = new Map(there.revisions.nodes.map((each) => [each.revision, each.content]))
  for (const [n, at] of texts.entries()) {
    const content = written.get(at)
    written.delete(at)
    if (content === undefined) found.add('LOST', `text ${n} of ${key} was acknowledged as revision ${at} and is not there`)
    else is(`revision ${at}`, content, textOf(key, n))
  }
  for (const at of written.keys()) found.add('DOUBLED', `${key} has a revision ${at} that nobody was told of`)
}

/** Lists all posts of an author: each that was acknowledged once, and no other. */
export async function listAll(url: string, author: Session, ledger: Ledger, found: FaultsFound): Promise<void> {
  const expected = new Map(ledger.of(author.userId).map((post) => [post.id, post.key]))
  const seen = new Set<string>()
  for (let after: string | null = null, more = true; more; ) {
    const { viewer }: OwnPosts = await read(url, OWN, { after }, author)
    for (const { id, title } of viewer.posts.nodes) {
      if (seen.has(id)) found.add('DOUBLED', `${author.name}'s list has ${title} twice`)
      else if (!expected.has(id)) found.add('DOUBLED', `${author.name} has a post ${title} (${id}) that nobody was told of`)
      seen.add(id)
    }
    ;({ hasNextPage: more, endCursor: after } = viewer.posts.pageInfo)
  }
  for (const [id, key] of expected) if (!seen.has(id)) found.add('LOST', `${author.name}'s list lacks ${key}, which was acknowledged`)
}
