-- phase: before
-- breaking: no
-- Lists of runs: each filter of equality has an index in the order of lists, so that it costs the same however
-- much history there is. And marks on failures that somebody has dealt with.

alter table job_history
  add column resolved_at timestamptz,
  add column resolved_by text,
  add column resolution_note text;
grant update (resolved_at, resolved_by, resolution_note) on job_history to headrace_server;
create policy resolvers on job_history for update to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin())
              or permissioned_as = any ((select own_identities())::text[])
              or created_by = (select current_username())
              or owner = any ((select writable_owners())::text[])));

-- By the time of completion it was of no use to lists, which are in the order of creation.
-- squawk-ignore require-concurrent-index-deletion
drop index job_history_by_path;
-- squawk-ignore require-concurrent-index-creation
create index job_history_by_path on job_history (workspace_id, path, created_at desc, id desc)
  where path is not null;
-- squawk-ignore require-concurrent-index-creation
create index job_history_by_creator on job_history (workspace_id, created_by, created_at desc, id desc);
-- squawk-ignore require-concurrent-index-creation
create index job_history_by_tag on job_history (workspace_id, tag, created_at desc, id desc);
-- squawk-ignore require-concurrent-index-creation
create index job_history_by_worker on job_history (workspace_id, worker, created_at desc, id desc)
  where worker is not null;
-- squawk-ignore require-concurrent-index-creation
create index job_history_by_version on job_history (workspace_id, script_hash, created_at desc, id desc)
  where script_hash is not null;
-- squawk-ignore require-concurrent-index-creation
create index job_history_by_schedule on job_history (workspace_id, schedule_path, created_at desc, id desc)
  where schedule_path is not null;
-- squawk-ignore require-concurrent-index-creation
create index job_history_by_trigger on job_history (workspace_id, trigger_kind, created_at desc, id desc)
  where trigger_kind is not null;
-- Of what nearly all jobs are there is no index: among them the next one is near.
-- squawk-ignore require-concurrent-index-creation
create index job_history_by_status on job_history (workspace_id, status, created_at desc, id desc)
  where status <> 'success';
-- squawk-ignore require-concurrent-index-creation
create index job_history_by_kind on job_history (workspace_id, kind, created_at desc, id desc)
  where kind <> 'script';
-- squawk-ignore require-concurrent-index-creation
create index job_history_resolved on job_history (workspace_id, created_at desc, id desc)
  where resolved_at is not null;
-- squawk-ignore require-concurrent-index-creation
create index job_by_path on job (workspace_id, path, created_at desc, id desc) where path is not null;

-- A superadmin in the workspace of the superadmins, or outside any, sees the jobs of all workspaces. A job
-- never does.
create function sees_all_workspaces() returns boolean language sql stable parallel safe
as $$
  select is_superadmin() and current_job() is null and coalesce(current_workspace(), 'admins') = 'admins'
$$;
create policy superadmin_sees_all on job for select to headrace_server
  using ((select sees_all_workspaces()));
create policy superadmin_sees_all on job_queue for select to headrace_server
  using ((select sees_all_workspaces()));
create policy superadmin_sees_all on job_history for select to headrace_server
  using ((select sees_all_workspaces()));
create policy superadmin_sees_all on job_label for select to headrace_server
  using ((select sees_all_workspaces()));
