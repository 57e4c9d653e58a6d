import { shownTo, WHOLE_POST } from './posts.js'

/**
 * $1 slug, $2 post. 1 where the slug itself is free, else the number to put behind it. Doubles until one is free, then halves the way
 * back, so that the ten-thousandth of a name takes some thirty looks into the index and not ten thousand.
 */
export const NEXT_FREE_SLUG = `
  with recursive upper_bound as (
    select number from (select (2 ^ exponent)::int as number from generate_series(0, 30) exponent) doubled
    where not exists (select from post where slug = $1::text || case when number = 1 then '' else '-' || number end and id <> $2::uuid)
    order by number limit 1
  ), halved (taken, free) as (
    select number / 2, number from upper_bound
    union all
    select case when taken_too then middle else taken end, case when taken_too then free else middle end
    from (select taken, free, (taken + free) / 2 as middle from halved where free - taken > 1) gap
    cross join lateral (select exists (select from post where slug = $1::text || '-' || middle and id <> $2::uuid) as taken_too) look
  )
  select free as number from halved order by free - taken limit 1`

/**
 * $1 slugs, $2 viewer or null, $3 whether they moderate, $4 a post that a preview token shows, or null. Whoever has the slug comes before
 * whoever left it, and what is hidden from the viewer does not stand in the way.
 */
export const POSTS_BY_SLUG = `
  select wanted.slug as wanted, ${WHOLE_POST}
  from unnest($1::text[]) as wanted (slug)
  cross join lateral (
    select shown.id from (
      select id, null::timestamptz as left_at from post where slug = wanted.slug
      union all
      select post_id, left_at from former_slug where slug = wanted.slug
    ) candidate
    join post shown on shown.id = candidate.id
    where ${shownTo('$2', '$3', 'shown')} or shown.id = $4::uuid
    order by candidate.left_at desc nulls first, shown.id limit 1
  ) found
  join post on post.id = found.id`

/** $1 posts. Those that lead to the post still, latest first: no published post has the slug now, and none left it later. */
export const FORMER_SLUGS = `
  select former.post_id as "postId", array_agg(former.slug order by former.left_at desc, former.slug) as slugs
  from former_slug former
  where former.post_id = any($1::uuid[])
    and not exists (select from post where post.slug = former.slug and post.status = 'PUBLISHED')
    and not exists (
      select from former_slug later join post on post.id = later.post_id
      where later.slug = former.slug and later.left_at > former.left_at and post.status = 'PUBLISHED'
    )
  group by former.post_id`

/** $1 post, $2 slug. */
export const LEAVE_SLUG = `
  insert into former_slug (post_id, slug) values ($1, $2) on conflict (slug, post_id) do update set left_at = clock()`

/** $1 post, $2 slug. */
export const RETAKE_SLUG = 'delete from former_slug where post_id = $1 and slug = $2'

/** $1 post, $2 how many. */
export const KEEP_FORMER_SLUGS = `
  delete from former_slug where post_id = $1 and slug in (
    select slug from former_slug where post_id = $1 order by left_at desc, slug offset $2
  )`
