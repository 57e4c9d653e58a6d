create type "users"."role" as enum ('GUEST', 'USER', 'MODERATOR', 'ADMIN');

create table "users"."account" (
  id uuid primary key,
  -- In byte order whatever the database's own is, so that one index serves equality, prefix and order.
  username text collate "C" not null unique check (username ~ '^[a-z0-9_]{3,30}$'),
  display_name text not null,
  bio text,
  avatar_url text,
  role "users"."role" not null default 'USER',
  email text,
  email_verified_at timestamptz,
  password_hash text,
  -- What made the account, so that a sign-up whose answer was lost can be repeated: a guest's key, and a hash of key and input
  -- without the password. Erased once no repeat may come any more.
  sign_up_key bytea,
  sign_up_fingerprint bytea,
  signed_up_at timestamptz not null default "users".clock(),
  suspended_at timestamptz,
  suspended_reason text,
  -- Grows when the role changes or the account is suspended: access tokens of an earlier one are refused.
  generation integer not null default 0,
  -- Made by DEMO=1: signs in on a loopback HOST only.
  demo boolean not null default false,
  created_at timestamptz not null default "users".clock(),
  check (email is not null or email_verified_at is null)
);
create unique index account_email_key on "users"."account" (lower(email)) where email is not null;
create unique index account_guest_key on "users"."account" (sign_up_key) where role = 'GUEST' and sign_up_key is not null;
create index account_admin_idx on "users"."account" (id) where role = 'ADMIN';
create index account_created_at_idx on "users"."account" (created_at desc, id desc);
create index account_display_name_idx on "users"."account" ((lower(display_name) collate "C"));
create index account_sign_up_idx on "users"."account" (signed_up_at) where sign_up_fingerprint is not null;

-- Every name that is taken: by an account, by one that was deleted (nobody's for ever), or by a sign-up that waits for its mail.
create table "users"."taken_username" (
  name text primary key,
  account_id uuid,
  expires_at timestamptz
);
create index taken_username_expires_at_idx on "users"."taken_username" (expires_at) where expires_at is not null;

create table "users"."pending_sign_up" (
  id uuid primary key,
  username text not null unique references "users"."taken_username" (name) on delete cascade,
  email text not null,
  display_name text not null,
  password_hash text not null,
  guest_id uuid references "users"."account" (id) on delete set null,
  fingerprint bytea,
  expires_at timestamptz not null
);
create index pending_sign_up_guest_idx on "users"."pending_sign_up" (guest_id);
create index pending_sign_up_expires_at_idx on "users"."pending_sign_up" (expires_at);

create table "users"."session" (
  id uuid primary key,
  account_id uuid not null references "users"."account" (id) on delete cascade,
  -- Null for the instance's own pages and native apps: a full session. Else the origin or app address that it was made for.
  client text,
  scopes text[] not null default '{own}',
  user_agent text,
  ip_address text,
  created_at timestamptz not null default "users".clock(),
  authenticated_at timestamptz not null default "users".clock(),
  last_used_at timestamptz not null default "users".clock(),
  expires_at timestamptz not null
);
create index session_account_idx on "users"."session" (account_id, last_used_at desc, id desc);
create index session_expires_at_idx on "users"."session" (expires_at);

create table "users"."refresh_token" (
  hash bytea primary key,
  session_id uuid not null references "users"."session" (id) on delete cascade,
  successor_hash bytea unique,
  -- Sealed with a key that only the token itself gives; erased when the successor is first used.
  successor_sealed bytea,
  successor_used_at timestamptz
);
create index refresh_token_session_idx on "users"."refresh_token" (session_id);

-- What ended lately, sessions, keys and users alike: the access tokens that are still out there are refused by it.
create table "users"."ending" (
  subject_id uuid primary key,
  -- Of a user whose role changed: which generations of tokens ended. Null: all.
  below_generation integer,
  ended_at timestamptz not null default "users".clock()
);
create index ending_ended_at_idx on "users"."ending" (ended_at);

create table "users"."signing_key" (
  generation integer primary key,
  kid text not null unique,
  public_jwk jsonb not null,
  private_sealed bytea not null,
  signs_from timestamptz not null
);

create table "users"."api_key" (
  id uuid primary key,
  account_id uuid not null references "users"."account" (id) on delete cascade,
  name text not null,
  prefix text not null,
  hash bytea not null unique,
  scopes text[] not null,
  created_at timestamptz not null default "users".clock(),
  last_used_at timestamptz,
  expires_at timestamptz
);
create index api_key_expires_at_idx on "users"."api_key" (expires_at);
create index api_key_account_idx on "users"."api_key" (account_id, created_at desc, id desc);

create table "users"."mail_token" (
  id uuid primary key,
  kind text not null check (kind in ('verify-email', 'reset-password', 'sign-in-link', 'claim')),
  account_id uuid references "users"."account" (id) on delete cascade,
  pending_sign_up_id uuid references "users"."pending_sign_up" (id) on delete cascade,
  -- The address that the mail went to; for verify-email the one to be verified.
  email text,
  hash bytea not null unique,
  expires_at timestamptz not null
);
-- Newest only: one of a kind for each account and each pending sign-up, and one claim.
create unique index mail_token_account_key on "users"."mail_token" (account_id, kind) where account_id is not null;
create unique index mail_token_pending_key on "users"."mail_token" (pending_sign_up_id) where pending_sign_up_id is not null;
create unique index mail_token_claim_key on "users"."mail_token" (kind) where kind = 'claim';
create index mail_token_expires_at_idx on "users"."mail_token" (expires_at);

create table "users"."second_factor" (
  account_id uuid primary key references "users"."account" (id) on delete cascade,
  secret_sealed bytea,
  pending_sealed bytea,
  enabled_at timestamptz,
  last_step bigint not null default 0,
  failures integer not null default 0,
  paused_until timestamptz
);

create table "users"."recovery_code" (
  account_id uuid not null references "users"."account" (id) on delete cascade,
  hash bytea not null,
  primary key (account_id, hash)
);

create table "users"."authorization_code" (
  hash bytea primary key,
  account_id uuid not null references "users"."account" (id) on delete cascade,
  client text not null,
  code_challenge text not null,
  scopes text[] not null,
  -- When the person who authorises last proved who they are.
  authenticated_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  -- The session that the first use made; a second use ends it.
  session_id uuid references "users"."session" (id) on delete cascade
);
create index authorization_code_expires_at_idx on "users"."authorization_code" (expires_at);
create index authorization_code_account_idx on "users"."authorization_code" (account_id);
create index authorization_code_session_idx on "users"."authorization_code" (session_id);

create table "users"."openid_identity" (
  issuer text not null,
  subject text not null,
  account_id uuid not null references "users"."account" (id) on delete cascade,
  created_at timestamptz not null default "users".clock(),
  primary key (issuer, subject)
);
create index openid_identity_account_idx on "users"."openid_identity" (account_id);

create table "users"."block" (
  blocker_id uuid not null references "users"."account" (id) on delete cascade,
  blocked_id uuid not null references "users"."account" (id) on delete cascade,
  created_at timestamptz not null default "users".clock(),
  primary key (blocker_id, blocked_id),
  check (blocker_id <> blocked_id)
);
create index block_blocked_idx on "users"."block" (blocked_id);
create index block_list_idx on "users"."block" (blocker_id, created_at desc, blocked_id desc);

create table "users"."allowed_client" (
  client text primary key,
  created_at timestamptz not null default "users".clock()
);

-- Addresses that signed in to an account: the delay of others' wrong guesses does not stop them.
create table "users"."known_address" (
  account_id uuid not null references "users"."account" (id) on delete cascade,
  address text not null,
  signed_in_at timestamptz not null default "users".clock(),
  primary key (account_id, address)
);
create index known_address_signed_in_at_idx on "users"."known_address" (signed_in_at);

create table "users"."throttle" (
  key text primary key,
  hits integer not null,
  -- A window's end, or until when the next attempt waits.
  until timestamptz not null,
  touched_at timestamptz not null
);
create index throttle_touched_at_idx on "users"."throttle" (touched_at);
