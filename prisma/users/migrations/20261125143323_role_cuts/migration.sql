-- Of a user whose role changed: tokens and keys of earlier generations go on, and may do what both they and the role allow.
alter table "users"."ending" add column cut_to_role "users"."role", add column cut_below_generation integer,
  add constraint ending_cut_check check ((cut_to_role is null) = (cut_below_generation is null));
