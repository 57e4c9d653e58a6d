-- A service's log of events: the truth of what happened, and the outbox of what others must do about it.

-- One row. Whoever gives positions holds it, so that they come to be seen in their order.
create table log_head (
  "only" boolean primary key default true check ("only"),
  position bigint not null default 0,
  -- Events up to this position are past their retention and gone.
  floor bigint not null default 0,
  -- In each cursor. Another one after a restore or a recovery: what was known of the log before is stale.
  epoch text not null default substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)
);
insert into log_head default values;

-- Written in the transaction of the change, without a position; given one after the commit, in the order of insertion.
create table event (
  insertion bigint generated always as identity primary key,
  position bigint,
  at timestamptz,
  topic text not null,
  type text not null,
  -- Ids and few scalars, never content: what is deleted is gone.
  data jsonb not null default '{}',
  check ((position is null) = (at is null))
);
create index event_pending_idx on event (insertion) where position is null;
create unique index event_position_key on event (position) where position is not null;
create index event_topic_idx on event (topic, position) where position is not null;

-- Gives positions to at most `batch` committed events that have none, and answers the topics that moved and their last positions.
-- A function, since each statement in it sees what was committed before it began: the lock is had before the events are looked for.
create function position_events(batch integer) returns table (topic text, "position" bigint, moved bigint) language plpgsql as $$
declare
  head bigint;
begin
  select log_head.position into strict head from log_head for update;
  return query
    with pending as (
      select event.insertion, row_number() over (order by event.insertion) as number
      from event where event.position is null order by event.insertion limit batch
    ), positioned as (
      -- The time of the commit, or nearly: clock() alone stands still within a transaction.
      update event set position = head + pending.number, at = clock() + (clock_timestamp() - now())
      from pending where event.insertion = pending.insertion
      returning event.topic, event.position
    ), advanced as (
      update log_head set position = head + (select count(*) from positioned) where exists (select from positioned)
    )
    select positioned.topic, max(positioned.position), count(*) from positioned group by positioned.topic;
end
$$;

-- How far each consumer of this log has come, as it says itself: what it has not passed is kept longer.
create table log_reader (
  name text primary key,
  position bigint not null,
  seen_at timestamptz not null
);

-- What this service consumes of other services' logs: the place is written in the transaction of the effect.
create table consumer (
  name text primary key,
  source text not null,
  epoch text not null,
  position bigint not null,
  -- Since when the source's log no longer reaches back to the place; the source's state is read instead.
  lost_at timestamptz
);

-- Topics that are held back since one of their events fails; the others go on.
create table consumer_topic (
  consumer text not null references consumer (name) on delete cascade,
  topic text not null,
  -- Of the event that fails: it and those behind it wait.
  position bigint not null,
  attempts integer not null default 1,
  failing_since timestamptz not null,
  next_attempt_at timestamptz not null,
  -- Failed for a day: somebody has to look at it.
  parked_at timestamptz,
  last_error text not null,
  primary key (consumer, topic)
);
create index consumer_topic_due_idx on consumer_topic (consumer, next_attempt_at) where parked_at is null;
