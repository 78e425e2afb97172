-- Fills the tables of a queue with the rows that enqueueing would have made.

-- name: fill
-- So many jobs, their tags in turn: due, a millisecond apart, or so many seconds from now.
with new_job as materialized (
  select uuid_v7() as id, (:tags::text[])[1 + n % cardinality(:tags::text[])] as tag,
         now() + make_interval(secs => :delay_seconds::float8 - (:jobs::integer - n) / 1000.0) as scheduled_for
  from generate_series(1, :jobs::integer) as n
),
new_id as (
  insert into job_id (id, workspace_id) select id, 'admins' from new_job
),
stored as (
  insert into job (id, workspace_id, kind, path, script_hash, language, args, root_job, created_by,
                   scheduled_for, permissioned_as, email, tag, priority)
  select id, 'admins', 'script', 'f/benchmarks/task', '0123456789abcdef', 'python3', '{"number": 1}', id,
         'admin', scheduled_for, 'u/admin', 'admin@example.com', tag, :priority::smallint
  from new_job
)
insert into job_queue (id, workspace_id, tag, priority, scheduled_for, held)
select id, 'admins', tag, :priority::smallint, scheduled_for, case when scheduled_for > now() then 'future' end
from new_job;

-- name: forget
-- Nothing waits any more.
truncate job_queue, job, job_id;

-- name: read_back
-- What waits: jobs that are due, and jobs that are not.
select count(*) filter (where state = 'queued' and held is null) as due,
       count(*) filter (where held = 'future') as future
from job_queue;

-- name: read_bloat
-- Size of the index that claims go through, and versions of rows that nobody has removed.
select pg_relation_size('job_queue_claim') as index_bytes,
       (select n_dead_tup from pg_stat_user_tables where relname = 'job_queue') as dead_rows;
