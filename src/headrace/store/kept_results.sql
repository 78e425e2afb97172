-- Results that answer later calls of the same version with the same arguments, as the same identity.

-- name: keep_result
-- The result of a job that has just succeeded, in place of an older one.
insert into kept_result (workspace_id, script_hash, permissioned_as, cache_key, result, job_id, expires_at)
select h.workspace_id, h.script_hash, h.permissioned_as, :cache_key, :result, h.id,
       now() + make_interval(secs => :seconds::integer)
from job_id i join job_history h on h.completed_at = i.completed_at and h.id = i.id
where i.id = :job and h.status = 'success' and h.script_hash is not null
on conflict (workspace_id, script_hash, permissioned_as, cache_key) do update
  set result = excluded.result, job_id = excluded.job_id, kept_at = now(), expires_at = excluded.expires_at;

-- name: read_kept_result
-- A result not older than :seconds; null where there is none, or the caller may not run what gave it.
select read_kept_result(:script_hash, :permissioned_as, :cache_key, :seconds);

-- name: delete_expired_results
-- Results that have answered for as long as they may, a thousand at a time.
delete from kept_result where (workspace_id, script_hash, permissioned_as, cache_key) in (
  select workspace_id, script_hash, permissioned_as, cache_key from kept_result
  where expires_at <= now() order by expires_at limit 1000
);
