-- What every service needs, made once in the schema of each before its own migrations.

-- The one source of times. Tests replace it to shift time; whatever has to do with time asks it, never now().
create function clock() returns timestamptz language sql stable as 'select now()';

-- A key a caller gave to a mutation, and what the first call with it came to.
create table idempotency_key (
  actor text not null,
  field text not null,
  key text not null,
  input_hash bytea not null,
  result jsonb,
  created_at timestamptz not null default clock(),
  primary key (actor, field, key)
);
create index idempotency_key_created_at on idempotency_key (created_at);

-- Who did what that must be answered for. It outlives its actor, hence no foreign key.
create table audit_entry (
  id uuid primary key,
  at timestamptz not null default clock(),
  actor_id uuid,
  action text not null,
  target text,
  ip_address text,
  outcome text not null default 'DONE' check (outcome in ('DONE', 'REFUSED')),
  details jsonb not null default '{}'
);
create index audit_entry_at on audit_entry (at);

-- Work for later. A lease has a number that grows with each take, so that a worker that was too slow can't write its result.
create table job (
  id uuid primary key,
  kind text not null,
  key text,
  payload jsonb not null default '{}',
  run_at timestamptz not null default clock(),
  attempts int not null default 0,
  lease_number bigint not null default 0,
  leased_until timestamptz,
  last_error text,
  failed_at timestamptz,
  created_at timestamptz not null default clock(),
  unique (kind, key)
);
create index job_due on job (run_at) where failed_at is null;
