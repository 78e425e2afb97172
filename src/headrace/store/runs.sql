-- Reading jobs, live and finished, in one snapshot each: nothing is seen in both, or in neither.

-- name: read_run
-- Everything about one job. The partition of a finished one is found by job_id.
select j.id, j.workspace_id, j.kind, j.path, j.script_hash, j.language, j.raw_code, j.raw_lock, j.args,
       j.parent_job, j.root_job, j.created_by, j.created_at, j.scheduled_for, j.permissioned_as, j.email, j.tag,
       j.priority, j.timeout_seconds, j.visible_to_runner_only, j.is_flow_step, j.flow_step_id, j.trigger_kind,
       j.schedule_path, j.labels, q.state as status, q.held, q.attempt, q.started_at, q.peak_memory_kb,
       q.canceled_by, q.canceled_reason, s.worker, s.isolation, s.renewed_at,
       null::bytea as result, null::timestamptz as completed_at, null::bigint as duration_ms,
       null::integer as exit_code, null::jsonb as teardown, false as deleted, j.entry, j.preprocessed,
       null::timestamptz as resolved_at, null as resolved_by, null as resolution_note,
       j.retry_number > 0 as is_retry, null::jsonb as result_blob
from job j
join job_queue q on q.id = j.id
left join worker_session s on s.id = q.worker_session
where j.id = :id and j.workspace_id = :workspace
union all
select h.id, h.workspace_id, h.kind, h.path, h.script_hash, h.language, h.raw_code, h.raw_lock, h.args,
       h.parent_job, h.root_job, h.created_by, h.created_at, h.scheduled_for, h.permissioned_as, h.email, h.tag,
       h.priority, h.timeout_seconds, h.visible_to_runner_only, h.is_flow_step, h.flow_step_id, h.trigger_kind,
       h.schedule_path, h.labels, h.status, null, h.attempt, h.started_at, h.peak_memory_kb,
       h.canceled_by, h.canceled_reason, h.worker, h.isolation, null,
       h.result, h.completed_at, h.duration_ms, h.exit_code, h.teardown, h.deleted, h.entry, h.preprocessed,
       h.resolved_at, h.resolved_by, h.resolution_note, h.retry_number > 0, h.result_blob
from job_id i
join job_history h on h.completed_at = i.completed_at and h.id = i.id
where i.id = :id and i.workspace_id = :workspace;

-- name: read_result
-- The end of a job, if it has one: what waiting callers ask again and again.
select h.status, h.result, h.result_blob
from job_id i
join job_history h on h.completed_at = i.completed_at and h.id = i.id
where i.id = :id and i.workspace_id = :workspace;

-- name: read_progress
-- How far a job is and who may see it, without its large fields.
select q.state as status, q.attempt, q.peak_memory_kb, q.started_at, q.progress, j.created_at, q.scheduled_for,
       j.path, j.permissioned_as, j.created_by, j.visible_to_runner_only, null::timestamptz as completed_at,
       null::bigint as duration_ms, false as deleted, coalesce(s.draining, false) as is_draining
from job j
join job_queue q on q.id = j.id
left join worker_session s on s.id = q.worker_session
where j.id = :id and j.workspace_id = :workspace
union all
select h.status, h.attempt, h.peak_memory_kb, h.started_at, h.progress, h.created_at, h.scheduled_for,
       h.path, h.permissioned_as, h.created_by, h.visible_to_runner_only, h.completed_at,
       h.duration_ms, h.deleted, false
from job_id i join job_history h on h.completed_at = i.completed_at and h.id = i.id
where i.id = :id and i.workspace_id = :workspace;

-- name: read_log
-- Output of one attempt, from the chunk that contains :from_start on; or the block that does.
select start, chunk, blob from read_job_log(:id, :attempt, :from_start, :most_chunks);

-- name: read_stream
-- What an attempt that runs has given of its result, from the chunk that contains :from_start on.
select start, chunk from read_job_stream(:id, :attempt, :from_start, :most_chunks);
