-- Jobs that were given up are few, and looked for at each scrape and by whoever forgets them.
create index job_failed_idx on job (failed_at) where failed_at is not null;
