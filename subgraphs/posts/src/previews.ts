import { createHash, randomBytes } from 'node:crypto'
import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Caller } from '@ashlar/kit/caller'
import { badUserInput } from '@ashlar/kit/errors'
import { once } from '@ashlar/kit/idempotency'
import { newId } from '@ashlar/kit/ids'
import { editable } from './access.js'
import { actorOf, checkEditable } from './editing.js'
import type { WholePost } from './models.js'
import { LOCK_POST, WHOLE_POSTS_BY_ID } from './sql/posts.js'
import { ADD_PREVIEW, KEEP_PREVIEWS, PREVIEWED_POST, RENEW_PREVIEW } from './sql/previews.js'

const SECRET_BYTES = 32
/** Longer than any token of ours: nothing beyond it is hashed. */
const TOKEN_MAX = 200
/** Of one post that are open at once; the oldest end. */
const PREVIEWS_MAX = 50

export interface NewPreview {
  readonly postId: string
  readonly expiresAt: Date | null
  readonly idempotencyKey: string | null
}

export interface Preview {
  readonly previewToken: string
  readonly expiresAt: Date
}

/** Tokens that show a draft to whoever holds them, and nothing else. */
export class Previews {
  constructor(private readonly db: ServiceDatabase) {}

  /**
   * A new token; for a repeat the same preview under a new one, and the first opens nothing any more.
   * @throws NOT_FOUND; FORBIDDEN; BAD_USER_INPUT for a time that is past or more than a year ahead; CONFLICT
   */
  async create(caller: Caller, input: NewPreview): Promise<Preview> {
    const { postId, idempotencyKey } = input
    await checkEditable(this.db, caller, postId)
    const previewToken = randomBytes(SECRET_BYTES).toString('base64url')
    return this.db.sqlTransaction(async (sql) => {
      const [found] = await sql.query<WholePost>(LOCK_POST, [postId])
      editable(caller, found)
      const attempt = { actor: actorOf(caller), field: 'createPostPreview', key: idempotencyKey, input }
      const { result, repeated } = await once(sql, attempt, async () => {
        const id = newId()
        const [added] = await sql.query<{ expiresAt: Date }>(ADD_PREVIEW, [id, postId, hashOf(previewToken), input.expiresAt])
        if (!added) throw badUserInput(['input', 'expiresAt'], 'is within a year from now')
        await sql.query(KEEP_PREVIEWS, [postId, PREVIEWS_MAX])
        return { id, expiresAt: added.expiresAt.toISOString() }
      })
      if (repeated) await sql.query(RENEW_PREVIEW, [result.id, postId, hashOf(previewToken), result.expiresAt])
      return { previewToken, expiresAt: new Date(result.expiresAt) }
    })
  }

  /** The uuid of the post that a token shows; null for one that is wrong, expired or ended. */
  async postIdOf(token: string): Promise<string | null> {
    const [found] = await this.db.query<{ postId: string }>(PREVIEWED_POST, [hashOf(token)])
    return found?.postId ?? null
  }

  /** The post, if the token is one of its own. */
  async post(id: string, token: string): Promise<WholePost | null> {
    if ((await this.postIdOf(token)) !== id) return null
    const [post] = await this.db.query<WholePost>(WHOLE_POSTS_BY_ID, [[id]])
    return post ?? null
  }
}

/** A plain hash will do: nobody guesses 256 random bits. */
const hashOf = (token: string): Buffer => createHash('sha256').update(token.slice(0, TOKEN_MAX)).digest()
