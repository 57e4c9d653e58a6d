-- Services that read who is suspended now, page by page, in the order of ids.
create index account_suspended_idx on "users"."account" (id) where suspended_at is not null;
