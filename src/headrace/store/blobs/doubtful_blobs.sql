-- Blobs that perhaps nobody refers to; see 0008_blobs.sql.

-- name: doubt_blob
-- Notes a name before its blob is put. What does not come to refer to it is removed later.
insert into doubtful_blob (name, workspace_id, job_id, attempt, due_at)
values (:name, :workspace, :job_id, :attempt, now() + make_interval(secs => :seconds::float8))
on conflict (name) do nothing;

-- name: trust_blob
-- A row is about to refer to the blob, in this transaction. No row where the leader has removed it already.
delete from doubtful_blob where name = :name returning name;

-- name: judge_due
-- What is due, locked: whether a row refers to it, and whether a running attempt may come to.
select d.name,
       exists (select from job_id i join job_history h on h.completed_at = i.completed_at and h.id = i.id
               where i.id = d.job_id and h.result_blob ->> 'name' = d.name)
       or exists (select from job_log_block b
                  where b.job_id = d.job_id and b.attempt = d.attempt and b.blob ->> 'name' = d.name)
       or exists (select from workspace_file f where f.blob ->> 'name' = d.name) as is_used,
       exists (select from job_queue q
               where q.id = d.job_id and q.attempt = d.attempt and q.state = 'running') as may_be_used
from doubtful_blob d
where d.due_at <= now()
order by d.due_at
limit :most
for update of d skip locked;

-- name: forget_doubts
-- These are used, or removed.
delete from doubtful_blob where name = any (:names::text[]);

-- name: postpone_doubts
-- These may still come to be used.
update doubtful_blob set due_at = now() + make_interval(secs => :seconds::float8) where name = any (:names::text[]);
