-- Numbers of statements between processes that are good for one call. Kept for as long as such a statement is valid.
create table used_number (
  sender text not null,
  number text not null,
  used_at timestamptz not null default clock(),
  primary key (sender, number)
);
create index used_number_used_at on used_number (used_at);
