-- name: count_live_workers
-- How many workers renew their leases; needs no identity.
select count_live_workers();

-- name: describe_workers
-- How many workers renew their leases, their groups and versions; needs no identity.
select active, worker_groups, versions from describe_workers();

-- name: count_jobs
-- Jobs of all workspaces that wait for a worker, and those that run; needs no identity.
select pending, running from count_jobs();

-- name: read_clock
-- The database's clock, in milliseconds since 1970.
select (extract(epoch from clock_timestamp()) * 1000)::bigint;
