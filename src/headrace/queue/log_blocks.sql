-- Long logs on their way from job_log into blocks in the blob store.

-- name: find_large_logs
-- Logs of jobs that have ended, from which something can be moved.
select l.job_id, l.attempt, i.workspace_id
from job_log_large l join job_id i on i.id = l.job_id
where i.completed_at is not null
order by l.job_id, l.attempt
limit :most;

-- name: read_log_start
-- The first chunks that are still rows, until they have :units characters; never the last chunk of a log.
select start, chunk
from (select start, chunk, sum(length(chunk)) over (order by start) - length(chunk) as before,
             lead(start) over (order by start) as next
      from (select start, chunk from job_log
            where job_id = :job_id and attempt = :attempt
            order by start
            limit :most) first_ones) counted
where before < :units and next is not null
order by start;

-- name: move_log_start
-- A block takes the place of the chunks from :first to :last. Returns how many of them there still were.
with moved as (
  delete from job_log
  where job_id = :job_id and attempt = :attempt and start between :first and :last
  returning start
),
block as (
  insert into job_log_block (job_id, attempt, start, units, blob)
  values (:job_id, :attempt, :first, :units, :blob)
)
select count(*) from moved;

-- name: forget_large_log
-- Nothing more of it can be moved.
delete from job_log_large where job_id = :job_id and attempt = :attempt;
