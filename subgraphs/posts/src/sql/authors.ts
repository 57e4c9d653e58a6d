import { SCHEDULED_POST } from './publication.js'

/** $1 users. */
export const PAUSE = 'insert into paused_author (user_id) select unnest($1::uuid[]) on conflict (user_id) do nothing'

/** $1 users. Answers what of theirs is scheduled, whether its time has come meanwhile or not. */
export const RESUME = `
  with resumed as (delete from paused_author where user_id = any($1::uuid[]) returning user_id)
  select ${SCHEDULED_POST} from post where author_id in (select user_id from resumed) and status = 'SCHEDULED'`

/** $1 behind which user, or null, $2 how many. Everybody who has written something. */
export const AUTHORS = `
  select distinct author_id as "userId" from post
  where author_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000') order by author_id limit $2`
