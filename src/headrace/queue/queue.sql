-- Every statement that changes a live job. Writes of an attempt name its lease (job, attempt, worker
-- session) and do nothing when it is no longer the holder.
--
-- Lock order: job_queue rows in order of id, then job, then script, then the job_queue rows that wait
-- for that script's lock; rows of script_relock come after their script, in order of path. Only claims and
-- the release of due jobs take rows in another order, and they never wait for one (skip locked).

-- name: enqueue_job
-- A job enters: id, job and queue row in one statement. No row where the id is taken.
with new_id as (
  insert into job_id (id, workspace_id)
  values (coalesce(:job_id::uuid, uuid_v7()), :workspace)
  on conflict (id) do nothing
  returning id
),
due as (
  select id, coalesce(:scheduled_for::timestamptz,
                      now() + make_interval(secs => :scheduled_in_seconds::float8), now()) as scheduled_for
  from new_id
),
new_job as (
  insert into job (id, workspace_id, kind, path, script_hash, language, raw_code, raw_lock, args, parent_job,
                   root_job, created_by, scheduled_for, permissioned_as, email, tag, priority, timeout_seconds,
                   restart_if_lost, visible_to_runner_only, trigger_kind, labels, entry, preprocessed, retry,
                   cache_seconds, cache_key)
  select id, :workspace, :kind, :path, :script_hash, :language, :raw_code, :raw_lock, :args, :parent_job,
         coalesce(:root_job::uuid, id), :created_by, scheduled_for, :permissioned_as, :email, :tag, :priority,
         :timeout_seconds, :restart_if_lost, :visible_to_runner_only, :trigger_kind, :labels::text[], :entry,
         :preprocessed, :retry, :cache_seconds, :cache_key
  from due
),
new_audit as (
  insert into audit (workspace_id, username, operation, action_kind, resource, parameters)
  select :workspace, :created_by, 'jobs.run.' || :kind::text, 'Execute', coalesce(:path, :script_hash),
         jsonb_build_object('job', id)
  from new_id
),
queued as (
  insert into job_queue (id, workspace_id, tag, priority, scheduled_for, held)
  select id, :workspace, :tag, :priority, scheduled_for,
         coalesce(:held::text, case when scheduled_for > now() then 'future' end)
  from due
)
select id from new_id;

-- name: enqueue_finished
-- A job whose result is known already: id and history in one statement. No row where the id is taken.
with new_id as (
  insert into job_id (id, workspace_id, completed_at)
  values (coalesce(:job_id::uuid, uuid_v7()), :workspace, now())
  on conflict (id) do nothing
  returning id
),
new_audit as (
  insert into audit (workspace_id, username, operation, action_kind, resource, parameters)
  select :workspace, :created_by, 'jobs.run.' || :kind::text, 'Execute', coalesce(:path, :script_hash),
         jsonb_build_object('job', id, 'kept_result', true)
  from new_id
),
findable as (
  insert into job_label (workspace_id, label, completed_at, job_id, owner, permissioned_as, created_by,
                         visible_to_runner_only)
  select :workspace, label, now(), id, path_owner(:path), :permissioned_as, :created_by, :visible_to_runner_only
  from new_id cross join unnest(:labels::text[]) as label
)
insert into job_history (
  id, workspace_id, kind, path, owner, script_hash, language, args, parent_job, root_job, created_by, created_at,
  scheduled_for, permissioned_as, email, tag, priority, timeout_seconds, visible_to_runner_only, is_flow_step,
  trigger_kind, labels, status, result, attempt, completed_at, duration_ms, entry, preprocessed)
select id, :workspace, :kind, :path, path_owner(:path), :script_hash, :language, :args, :parent_job,
       coalesce(:root_job::uuid, id), :created_by, now(), now(), :permissioned_as, :email, :tag, :priority,
       :timeout_seconds, :visible_to_runner_only, false, :trigger_kind, :labels::text[], 'success', :result, 0,
       now(), 0, :entry, :preprocessed
from new_id
returning id;

-- name: enqueue_retry
-- The job that runs one again that has failed in this very transaction: the same in all that it was asked
-- for. Its parent is the first of its chain, and its root is theirs.
with failed as (
  select h.*
  from job_id i join job_history h on h.completed_at = i.completed_at and h.id = i.id
  where i.id = :failed and h.status = 'failure'
),
new_id as (
  insert into job_id (id, workspace_id) select uuid_v7(), workspace_id from failed
  returning id
),
new_job as (
  insert into job (id, workspace_id, kind, path, script_hash, language, raw_code, raw_lock, args, parent_job,
                   root_job, created_by, scheduled_for, permissioned_as, email, tag, priority, timeout_seconds,
                   restart_if_lost, visible_to_runner_only, is_flow_step, flow_step_id, trigger_kind,
                   schedule_path, labels, entry, preprocessed, retry, retry_number, cache_seconds, cache_key)
  select n.id, f.workspace_id, f.kind, f.path, f.script_hash, f.language, f.raw_code, f.raw_lock, f.args,
         case when f.retry_number = 0 then f.id else f.parent_job end,
         f.root_job, f.created_by, now() + make_interval(secs => :delay_seconds::float8), f.permissioned_as,
         f.email, f.tag, f.priority, f.timeout_seconds, :restart_if_lost, f.visible_to_runner_only,
         f.is_flow_step, f.flow_step_id, f.trigger_kind, f.schedule_path, f.labels, f.entry, f.preprocessed,
         :retry, f.retry_number + 1, :cache_seconds, :cache_key
  from failed f cross join new_id n
),
new_audit as (
  insert into audit (workspace_id, username, operation, action_kind, resource, parameters)
  select f.workspace_id, f.created_by, 'jobs.retry', 'Execute', coalesce(f.path, f.script_hash),
         jsonb_build_object('job', n.id, 'failed', f.id)
  from failed f cross join new_id n
)
insert into job_queue (id, workspace_id, tag, priority, scheduled_for, held)
select n.id, f.workspace_id, f.tag, f.priority, now() + make_interval(secs => :delay_seconds::float8),
       case when :delay_seconds::float8 > 0 then 'future' end
from failed f cross join new_id n
returning id, tag, held;

-- name: reserve_idempotency_key
-- Takes a key, or one that is older than a day; no row where it is in use. Waits for another request
-- that is just taking it.
insert into idempotency_key as k (workspace_id, caller, route, key, request_hash, job_id)
values (:workspace, :caller, :route, :key, :request_hash, :job_id)
on conflict (workspace_id, caller, route, key) do update
  set request_hash = excluded.request_hash, job_id = excluded.job_id, created_at = now()
  where k.created_at < now() - interval '24 hours'
returning job_id;

-- name: read_idempotency_key
-- The job that an earlier request with this key started, within a day.
select request_hash, job_id from idempotency_key
where workspace_id = :workspace and caller = :caller and route = :route and key = :key
  and created_at >= now() - interval '24 hours';

-- name: is_queue_longer
-- Whether more jobs of a tag than that wait for a worker, in the caller's workspace.
select queue_is_longer(:tag, :most);

-- name: hold_waiting
-- A job that nobody has claimed yet, and nobody does until the transaction ends.
select id from job_queue where id = :id and state = 'queued' for update skip locked;

-- name: new_job_id
-- An id for a job that is about to be enqueued.
select uuid_v7();

-- name: append_log
-- Output of an attempt that still holds its job. Takes no lock: readers show one attempt only, so what
-- a stale one writes in the last moment is never seen.
with holder as (
  select id, attempt from job_queue
  where id = :job_id and attempt = :attempt and worker_session = :worker_session
),
stored as (
  insert into job_log (job_id, attempt, start, chunk)
  select holder.id, holder.attempt, l.start, l.chunk
  from holder, unnest(:starts::bigint[], :chunks::text[]) as l (start, chunk)
  on conflict do nothing
),
large as (
  insert into job_log_large (job_id, attempt)
  select id, attempt from holder where :is_large::boolean
  on conflict do nothing
)
select exists (select from holder);

-- name: append_stream
-- Pieces of the result of an attempt that still holds its job. Like logs: readers show one attempt only.
with holder as (
  select id, attempt from job_queue
  where id = :job_id and attempt = :attempt and worker_session = :worker_session
),
stored as (
  insert into job_stream (job_id, attempt, start, chunk)
  select holder.id, holder.attempt, l.start, l.chunk
  from holder, unnest(:starts::bigint[], :chunks::text[]) as l (start, chunk)
  on conflict do nothing
)
select exists (select from holder);

-- name: store_arguments
-- What a preprocessor has made of the event: from now on these are the job's arguments.
with holder as (
  select id from job_queue
  where id = :job_id and attempt = :attempt and worker_session = :worker_session and state = 'running'
  for share
),
stored as (
  update job j set args = :args, preprocessed = true from holder
  where j.id = holder.id and not j.preprocessed
)
select exists (select from holder);

-- name: set_progress
-- How far a job is by its own account; it only goes forward. No row where no attempt runs.
update job_queue
set progress = greatest(progress, :percent::smallint)
where id = :id and state <> 'queued'
returning progress;

-- name: lock_attempts
-- Wait until nobody else changes these jobs, and keep them until the transaction ends.
select from job_queue where id = any (:ids::uuid[]) order by id for update;

-- name: complete_and_claim
-- The end of attempts, by the worker that holds them, and jobs for it, in one statement.
--
-- From the queue to history go those of :ids that are still held, with the last of their logs. It waits for
-- nobody: who must have an end written locks the rows before.
--
-- At most :slots jobs come: for each of :tags the first by priority, due time and id. One equality probe for
-- each tag, because tag = any (...) sorts the whole backlog (504 ms at a million jobs, against 0.14 ms). The
-- secret of each job's token comes from :seed.
with outcome as (
  select *
  from unnest(:ids::uuid[], :attempts::integer[], :statuses::text[], :results::bytea[], :durations_ms::bigint[],
              :exit_codes::integer[], :peaks_kb::integer[], :canceled_by::text[], :canceled_reasons::text[],
              :processes_gone::timestamptz[], :folders_gone::timestamptz[], :mounts_gone::timestamptz[],
              :result_blobs::text[], :processes_kept::boolean[])
    as o (id, attempt, status, result, duration_ms, exit_code, peak_memory_kb, canceled_by, canceled_reason,
          processes_gone_at, folder_gone_at, mounts_gone_at, result_blob, process_kept)
),
held as (
  select q.id
  from job_queue q join outcome o on o.id = q.id
  -- Not by "=", which would let the planner go by what a session runs: where an old snapshot is held, that
  -- index is full of what it ran before.
  where (q.attempt, q.worker_session, q.state) is not distinct from (o.attempt, :worker_session, 'running')
  order by q.id
  for update of q skip locked
),
ended as (
  delete from job_queue q using held
  where q.id = held.id
  returning q.id, q.attempt, q.started_at, q.progress, q.canceled_by
),
moved as (
  delete from job j using ended where j.id = ended.id
  returning j.*
),
stamped as (
  update job_id i set completed_at = now() from ended where i.id = ended.id
),
labelled as (
  select m.*,
         case when m.labels = '{}' and cardinality(:labels::text[]) = 0 then m.labels
              else array(select name from unnest(m.labels) as name
                         union
                         select l.label from unnest(:label_ids::uuid[], :labels::text[]) as l (id, label)
                         where l.id = m.id
                         order by 1)
         end as all_labels
  from moved m
),
findable as (
  insert into job_label (workspace_id, label, completed_at, job_id, owner, permissioned_as, created_by,
                         visible_to_runner_only)
  select m.workspace_id, label, now(), m.id, m.owner, m.permissioned_as, m.created_by, m.visible_to_runner_only
  from labelled m cross join unnest(m.all_labels) as label
),
unstreamed as (
  delete from job_stream s using ended where s.job_id = ended.id
),
logged as (
  insert into job_log (job_id, attempt, start, chunk)
  select l.id, ended.attempt, l.start, l.chunk
  from unnest(:log_ids::uuid[], :log_starts::bigint[], :log_chunks::text[]) as l (id, start, chunk)
  join ended on ended.id = l.id
  on conflict do nothing
),
recorded as (
  insert into job_history (
    id, workspace_id, kind, path, owner, script_hash, language, raw_code, raw_lock, args, parent_job, root_job,
    created_by, created_at, scheduled_for, permissioned_as, email, tag, priority, timeout_seconds,
    visible_to_runner_only, is_flow_step, flow_step_id, trigger_kind, schedule_path, labels, status, result,
    attempt, started_at, completed_at, duration_ms, exit_code, peak_memory_kb, worker, isolation,
    canceled_by, canceled_reason, teardown, entry, preprocessed, progress, retry_number, result_blob)
  select m.id, m.workspace_id, m.kind, m.path, m.owner, m.script_hash, m.language, m.raw_code, m.raw_lock, m.args,
         m.parent_job, m.root_job, m.created_by, m.created_at, m.scheduled_for, m.permissioned_as, m.email, m.tag,
         m.priority, m.timeout_seconds, m.visible_to_runner_only, m.is_flow_step, m.flow_step_id, m.trigger_kind,
         m.schedule_path, m.all_labels, o.status, o.result, ended.attempt, ended.started_at, now(), o.duration_ms,
         o.exit_code, o.peak_memory_kb, :worker, :isolation, o.canceled_by, o.canceled_reason,
         jsonb_strip_nulls(jsonb_build_object('processes_gone_at', o.processes_gone_at,
                                              'folder_gone_at', o.folder_gone_at,
                                              'mounts_gone_at', o.mounts_gone_at,
                                              'process_kept', nullif(o.process_kept, false),
                                              -- It was that of the row that goes in this very statement.
                                              'token_gone_at', now())),
         m.entry, m.preprocessed, ended.progress, m.retry_number, o.result_blob::jsonb
  from labelled m join ended on ended.id = m.id join outcome o on o.id = m.id
),
candidate as (
  select next.id, next.priority, next.scheduled_for
  from unnest(:tags::text[]) as served (tag)
  cross join lateral (
    select id, priority, scheduled_for
    from job_queue
    where tag = served.tag and state = 'queued' and held is null
    order by priority desc, scheduled_for, id
    limit :slots
    for update skip locked
  ) as next
  order by next.priority desc, next.scheduled_for, next.id
  limit :slots
),
claimed as (
  update job_queue q
  set state = 'running', attempt = q.attempt + 1, worker_session = :worker_session, started_at = now(),
      token_hash = sha256(sha256(:seed::bytea || uuid_send(q.id))), peak_memory_kb = null,
      progress = null
  -- An array, because the planner takes :slots for a tenth of the table and would join with all of it.
  where q.id = any (array (select id from candidate))
    and exists (select from worker_session where id = :worker_session and ended_at is null and not draining)
  returning q.id, q.attempt, q.losses, q.priority, q.scheduled_for
)
select null::integer as attempt, null::smallint as losses, m.id, m.workspace_id, m.kind, m.path, m.script_hash,
       m.parent_job, m.root_job, m.priority, m.scheduled_for, m.restart_if_lost, m.retry_number, m.cache_seconds,
       m.cache_key,
       -- Who cancels a job wants no other one in its place, also where it has failed by itself meanwhile.
       case when ended.canceled_by is null then m.retry end as retry,
       null::text as language, null::text as raw_code, null::text as raw_lock, null::bytea as args,
       null::text as created_by, null::text as permissioned_as, null::text as email, null::text as tag,
       null::integer as timeout_seconds, null::text as flow_step_id, null::text as schedule_path,
       null::text as entry, null::boolean as preprocessed
from moved m join ended on ended.id = m.id
union all
select c.attempt, c.losses, j.id, j.workspace_id, j.kind, j.path, j.script_hash, j.parent_job, j.root_job,
       c.priority, c.scheduled_for, j.restart_if_lost, j.retry_number, j.cache_seconds, j.cache_key, j.retry,
       j.language, j.raw_code, j.raw_lock, j.args, j.created_by, j.permissioned_as, j.email, j.tag,
       j.timeout_seconds, j.flow_step_id, j.schedule_path, j.entry, j.preprocessed
from claimed c join job j on j.id = c.id
order by priority desc, scheduled_for, id;

-- name: complete_unclaimed
-- The end of a job by somebody other than its worker: cancel of one that waits, forced cancel, loss of
-- its worker. The caller has locked the row and seen that it is so.
with ended as (
  delete from job_queue where id = :id
  -- It may have been claimed after this transaction began.
  returning id, attempt, started_at, progress, greatest(now(), started_at) as completed_at
),
moved as (
  delete from job j using ended where j.id = ended.id
  returning j.*
),
stamped as (
  update job_id i set completed_at = ended.completed_at from ended where i.id = ended.id
),
findable as (
  insert into job_label (workspace_id, label, completed_at, job_id, owner, permissioned_as, created_by,
                         visible_to_runner_only)
  select m.workspace_id, label, ended.completed_at, m.id, m.owner, m.permissioned_as, m.created_by,
         m.visible_to_runner_only
  from moved m join ended on ended.id = m.id cross join unnest(m.labels) as label
)
insert into job_history (
  id, workspace_id, kind, path, owner, script_hash, language, raw_code, raw_lock, args, parent_job, root_job,
  created_by, created_at, scheduled_for, permissioned_as, email, tag, priority, timeout_seconds,
  visible_to_runner_only, is_flow_step, flow_step_id, trigger_kind, schedule_path, labels, status, result,
  attempt, started_at, completed_at, duration_ms, canceled_by, canceled_reason, entry, preprocessed, progress,
  retry_number)
select m.id, m.workspace_id, m.kind, m.path, m.owner, m.script_hash, m.language, m.raw_code, m.raw_lock, m.args,
       m.parent_job, m.root_job, m.created_by, m.created_at, m.scheduled_for, m.permissioned_as, m.email, m.tag,
       m.priority, m.timeout_seconds, m.visible_to_runner_only, m.is_flow_step, m.flow_step_id, m.trigger_kind,
       m.schedule_path, m.labels, :status, :result, ended.attempt, ended.started_at,
       ended.completed_at, coalesce(extract(epoch from ended.completed_at - ended.started_at) * 1000, 0)::bigint,
       :canceled_by, :canceled_reason, m.entry, m.preprocessed, ended.progress, m.retry_number
from moved m join ended on ended.id = m.id
returning id, workspace_id, kind, path, script_hash, parent_job, root_job;

-- name: lock_live_jobs
-- The queue rows of live jobs, with all that decides who may end them, locked until the transaction ends.
select q.id, q.state, q.held, q.tag, j.path, j.permissioned_as, j.created_by, j.visible_to_runner_only
from job_queue q join job j on j.id = q.id
where q.id = any (:ids::uuid[])
order by q.id
for update of q;

-- name: find_live_retry
-- The retry that waits or runs for a job that has ended, of which there is at most one.
select id from job where parent_job = :id and retry_number > 0;

-- name: find_workspaces
-- In which workspaces jobs are; for superadmins only.
select id, workspace_id from workspaces_of_jobs(:ids::uuid[]);

-- name: request_cancel
-- Tells the worker of a running job to stop it; the first request counts.
update job_queue
set canceled_by = coalesce(canceled_by, :canceled_by), canceled_reason = coalesce(canceled_reason, :reason)
where id = :id and state = 'running';

-- name: read_my_jobs
-- The jobs a worker session holds, with requests to stop them; what is missing has been taken away.
select id, attempt, canceled_by, canceled_reason from job_queue
where worker_session = :worker_session and state = 'running';

-- name: note_peak_memory
-- The most memory a running attempt has used so far.
update job_queue set peak_memory_kb = :peak_memory_kb
where id = :id and attempt = :attempt and worker_session = :worker_session;

-- name: make_due
-- A job that waits for its time waits no longer; what else holds it goes on holding it. No row where nobody
-- waits for it any more.
with due as (
  update job_queue
  set scheduled_for = least(scheduled_for, now()), held = case when held <> 'future' then held end
  where id = :id and state = 'queued'
  returning id, tag, scheduled_for
),
noted as (
  update job j set scheduled_for = due.scheduled_for from due where j.id = due.id
)
select tag from due;

-- name: release_due
-- Jobs whose time has come can be claimed from now on. Returns their tags.
with due as (
  select id from job_queue where held = 'future' and scheduled_for <= now()
  order by scheduled_for limit 1000
  for update skip locked
),
released as (
  update job_queue q set held = null from due where q.id = due.id returning q.tag
)
select distinct tag from released;

-- name: erase_run
-- Erases arguments, result and logs of a finished job.
select erase_run(:id);

-- name: remove_runs
-- Removes finished jobs; returns which.
select remove_runs(:ids::uuid[]) as id;

-- name: seconds_to_next_due
-- How long until the next job for later is due; null where there is none.
select extract(epoch from min(scheduled_for) - now())::float8 from job_queue where held = 'future';

-- name: open_session
-- A worker process begins: its lease runs by the database's clock.
insert into worker_session (worker, worker_group, host, tags, slots, version, isolation, expires_at)
values (:worker, :worker_group, :host, :tags, :slots, :version, :isolation,
        now() + make_interval(secs => :lease_seconds::float8))
returning id;

-- name: renew_session
-- Renews a lease; no row where the session has been ended.
update worker_session
set renewed_at = now(), expires_at = now() + make_interval(secs => :lease_seconds::float8)
where id = :worker_session and ended_at is null
returning id;

-- name: drain_session
-- From now on the worker claims nothing more.
update worker_session set draining = true where id = :worker_session;

-- name: close_session
-- A worker ends in good order.
update worker_session set ended_at = now() where id = :worker_session and ended_at is null;

-- name: end_expired_sessions
-- Declares lost those whose lease ran out; a late renewal finds nothing to renew.
update worker_session set ended_at = now(), lost = true
where ended_at is null and expires_at < now()
returning id, worker;

-- name: lock_orphans
-- Running jobs whose worker session is over, locked.
select q.id, q.attempt, q.losses, q.canceled_by, q.canceled_reason, q.tag, j.restart_if_lost, s.worker
from job_queue q
join worker_session s on s.id = q.worker_session
join job j on j.id = q.id
where q.state = 'running' and s.ended_at is not null
order by q.id
limit 500
for update of q skip locked;

-- name: requeue_lost
-- A lost job goes back to the queue, or into quarantine.
update job_queue
set state = 'queued', worker_session = null, token_hash = null, started_at = null, losses = losses + 1,
    held = :held
where id = :id;

-- name: release_quarantined
-- Lets a job out of quarantine. No row where it is not in it.
update job_queue set held = null, losses = 0 where id = :id and held = 'quarantine' returning tag;

-- name: delete_old_idempotency_keys
-- Keys older than a day mean nothing any more.
delete from idempotency_key where created_at < now() - interval '24 hours';

-- name: delete_old_sessions
-- Worker sessions that ended a week ago. No job needs them: history has the worker's name.
delete from worker_session s
where s.ended_at < now() - interval '7 days'
  and not exists (select from job_queue q where q.worker_session = s.id);

-- name: delete_orphaned_streams
-- Streams of jobs that are over: ended by somebody else than their worker, or written in the last moment.
delete from job_stream s where not exists (select from job_queue q where q.id = s.job_id);

-- name: delete_expired_tokens
-- Tokens that can no longer be used.
delete from token where expires_at < now();

-- name: hand_back
-- Attempts that their worker gives up without fault of the job: back to the queue, at once. Not one that
-- somebody wants to end.
update job_queue q
set state = 'queued', worker_session = null, token_hash = null, started_at = null
from unnest(:ids::uuid[], :attempts::integer[]) as given (id, attempt)
join job j on j.id = given.id
where q.id = given.id and q.attempt = given.attempt and q.worker_session = :worker_session
  and q.state = 'running' and q.canceled_by is null and (j.restart_if_lost or not :have_begun::boolean)
returning q.id, q.tag;

-- name: resolve_runs
-- Somebody has dealt with these failures.
update job_history h set resolved_at = now(), resolved_by = :username, resolution_note = :note
from job_id i
where i.id = any (:ids::uuid[]) and h.completed_at = i.completed_at and h.id = i.id
  and h.workspace_id = :workspace and h.status in ('failure', 'canceled') and h.resolved_at is null
returning h.id;

-- name: unresolve_runs
-- Nobody has, after all.
update job_history h set resolved_at = null, resolved_by = null, resolution_note = null
from job_id i
where i.id = any (:ids::uuid[]) and h.completed_at = i.completed_at and h.id = i.id
  and h.workspace_id = :workspace and h.resolved_at is not null
returning h.id;
