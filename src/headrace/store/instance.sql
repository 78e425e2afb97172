-- name: count_live_workers
-- How many workers renew their leases; needs no identity.
select count_live_workers();

-- name: read_clock
-- The database's clock, in milliseconds since 1970.
select (extract(epoch from clock_timestamp()) * 1000)::bigint;
