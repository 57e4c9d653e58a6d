create type "posts"."post_status" as enum ('DRAFT', 'SCHEDULED', 'PUBLISHED');

-- Of Chinese and Japanese, which set no blanks, each character is a word.
create function "posts".spaced(source text) returns text language sql immutable parallel safe return
  regexp_replace(source, '([\u2E80-\u2FFF\u3040-\u9FFF\uF900-\uFAFF\U00020000-\U0003FFFF])', ' \1 ', 'g');

-- A text as search reads it: one form of each letter, and of signs only blanks, since PostgreSQL's parser takes the square of the time for
-- long runs of what may be an address, a path or a tag. A tsvector holds 1 MiB, which 100,000 characters never fill.
create function "posts".searchable(source text) returns text language sql immutable parallel safe return
  "posts".spaced(regexp_replace(
    left(normalize(source, NFKC), 100000), '[\u0001-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u00BF\u2000-\u206F\u3000-\u303F]+', ' ', 'g'
  ));

create table "posts"."post" (
  id uuid primary key,
  -- Null once the account is gone and the post stayed.
  author_id uuid,
  kind text not null default 'post',
  -- Who comes first has it: the one thing that decides between two at once.
  slug text not null,
  title text not null,
  content text not null,
  -- Made of the content when it is written, so that no reader waits for it.
  html text not null,
  opening text not null,
  reading_minutes integer not null,
  given_excerpt text,
  excerpt text not null generated always as (coalesce(given_excerpt, opening)) stored,
  cover_image_url text,
  canonical_url text,
  seo_title text,
  seo_description text,
  seo_image_url text,
  seo_no_index boolean not null default false,
  metadata jsonb not null default '{}',
  status "posts"."post_status" not null default 'DRAFT',
  -- Times are kept as precise as they are told, so that one that was read serves as a filter.
  published_at timestamptz(3),
  created_at timestamptz(3) not null default "posts".clock(),
  updated_at timestamptz(3) not null default "posts".clock(),
  revision integer not null default 1,
  search tsvector not null generated always as (
    setweight(to_tsvector('pg_catalog.simple', "posts".searchable(title)), 'A')
    || setweight(to_tsvector('pg_catalog.simple', "posts".searchable(content)), 'C')
  ) stored,
  check ((status = 'DRAFT') = (published_at is null))
);
create unique index post_slug_key on "posts"."post" (slug);
-- The lists that everyone reads, each in its order.
create index post_published_idx on "posts"."post" (published_at desc, id desc) where status = 'PUBLISHED';
create index post_kind_idx on "posts"."post" (kind, published_at, id) where status = 'PUBLISHED';
create index post_author_idx on "posts"."post" (author_id, published_at, id) where status = 'PUBLISHED';
create index post_updated_idx on "posts"."post" (updated_at desc, id desc) where status = 'PUBLISHED';
create index post_title_idx on "posts"."post" (lower(title), id) where status = 'PUBLISHED';
create index post_search_idx on "posts"."post" using gin (search);
-- One's own, and what moderators look through.
create index post_own_idx on "posts"."post" (author_id, updated_at desc, id desc);
create index post_draft_idx on "posts"."post" (created_at desc, id desc) where status = 'DRAFT';
create index post_scheduled_idx on "posts"."post" (published_at desc, id desc) where status = 'SCHEDULED';

-- Slugs that a rename left behind. Two posts may have left the same one: it leads to whoever left it last.
create table "posts"."former_slug" (
  slug text not null,
  post_id uuid not null references "posts"."post" (id) on delete cascade,
  left_at timestamptz(3) not null default "posts".clock(),
  primary key (slug, post_id)
);
create index former_slug_post_idx on "posts"."former_slug" (post_id, left_at desc, slug);

-- Each title and content that a post has had, the present one among them.
create table "posts"."post_revision" (
  id uuid primary key,
  post_id uuid not null references "posts"."post" (id) on delete cascade,
  revision integer not null,
  title text not null,
  content text not null,
  author_id uuid,
  created_at timestamptz(3) not null default "posts".clock()
);
create unique index post_revision_key on "posts"."post_revision" (post_id, revision desc);

-- Tokens that show a draft to whoever holds them; of the token only its hash.
create table "posts"."preview" (
  id uuid primary key,
  post_id uuid not null references "posts"."post" (id) on delete cascade,
  hash bytea not null unique,
  expires_at timestamptz(3) not null
);
create index preview_post_idx on "posts"."preview" (post_id, expires_at);
create index preview_expires_at_idx on "posts"."preview" (expires_at);
