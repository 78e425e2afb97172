-- phase: before
-- breaking: no
-- A failed job is run again as its caller has asked for; results are kept for the next call with the same
-- arguments; a job is run now, its data erased, its rows removed.

------------------------------------------------------------------------------- retries

-- retry is the policy that came with the call, as JSON; retry_number is 0 for the first job of a chain, whose
-- id the caller knows, and the others have that job as their parent.
alter table job add column retry text, add column retry_number smallint not null default 0;
alter table job_history add column retry_number smallint not null default 0;

------------------------------------------------------------------------------- kept results

-- For how long the result may answer later calls, and what stands for function and arguments.
alter table job add column cache_seconds integer, add column cache_key bytea;

-- Results of versions, each for one identity: a script reads with the rights of whom it runs as, so another
-- one's result may tell what one may not read. Requests have no rights on it at all.
create table kept_result (
  workspace_id text not null,
  script_hash text not null,
  permissioned_as text not null,
  cache_key bytea not null,
  result bytea not null,
  job_id uuid not null,
  kept_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (workspace_id, script_hash, permissioned_as, cache_key)
);

-- squawk-ignore require-concurrent-index-creation
create index kept_result_age on kept_result (expires_at);
-- squawk-ignore require-concurrent-index-creation
create index kept_result_by_job on kept_result (job_id);

alter table kept_result enable row level security;
grant select, insert, update, delete on kept_result to headrace_worker;
create policy workers on kept_result for all to headrace_worker using (true) with check (true);

-- The one way to a kept result is to run what gave it, as the identity that it was given to. None that is
-- older than the caller wants.
create function read_kept_result(wanted_hash text, wanted_identity text, wanted_key bytea, most_seconds integer)
returns bytea
language sql stable security definer
set search_path from current
as $$
  select k.result
  from kept_result k join script s on s.workspace_id = k.workspace_id and s.hash = k.script_hash
  where k.workspace_id = current_workspace() and k.script_hash = wanted_hash
    and k.permissioned_as = wanted_identity and k.cache_key = wanted_key
    and k.expires_at > now() and k.kept_at > now() - make_interval(secs => most_seconds)
    and (is_workspace_admin()
         or (k.permissioned_as = any (own_identities()) and s.owner = any (readable_owners())))
$$;
revoke execute on function read_kept_result from public;
grant execute on function read_kept_result to headrace_server;

------------------------------------------------------------------------------- changing what is there

-- A job is run now instead of later.
grant update (scheduled_for) on job to headrace_server;
create policy enders_change on job for update to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin())
              or permissioned_as = any ((select own_identities())::text[])
              or created_by = (select current_username())
              or owner = any ((select writable_owners())::text[])));

-- Erases what a finished job was given and gave, and its logs; the row stays. False where there is none that
-- the caller may end. A function, because history is never changed else.
create function erase_run(wanted_job uuid) returns boolean
language plpgsql volatile security definer
set search_path from current
as $$
begin
  update job_history h set args = '{}', result = 'null', deleted = true
  from job_id i
  where i.id = wanted_job and h.completed_at = i.completed_at and h.id = i.id
    and h.workspace_id = current_workspace()
    and (is_workspace_admin()
         or h.permissioned_as = any (own_identities())
         or h.created_by = current_username()
         or h.owner = any (writable_owners()));
  if not found then
    return false;
  end if;
  delete from job_log where job_id = wanted_job;
  delete from kept_result where job_id = wanted_job;
  return true;
end
$$;
revoke execute on function erase_run from public;
grant execute on function erase_run to headrace_server;

-- Removes finished jobs altogether, for admins of their workspace; returns their ids, which are free again.
create function remove_runs(wanted_jobs uuid[]) returns setof uuid
language sql volatile security definer
set search_path from current
as $$
  with gone as (
    delete from job_history h using job_id i
    where i.id = any (wanted_jobs) and h.completed_at = i.completed_at and h.id = i.id
      and h.workspace_id = current_workspace() and is_workspace_admin()
    returning h.id, h.workspace_id, h.completed_at, h.labels
  ),
  ids as (
    delete from job_id i using gone where i.id = gone.id
  ),
  logs as (
    delete from job_log l using gone where l.job_id = gone.id
  ),
  results as (
    delete from kept_result k using gone where k.job_id = gone.id
  ),
  labels as (
    delete from job_label l using gone
    where l.workspace_id = gone.workspace_id and l.label = any (gone.labels)
      and l.completed_at = gone.completed_at and l.job_id = gone.id
  )
  select id from gone
$$;
revoke execute on function remove_runs from public;
grant execute on function remove_runs to headrace_server;

-- In which workspaces jobs are, for superadmins: rows of others can't be seen from within one.
create function workspaces_of_jobs(wanted_jobs uuid[], out id uuid, out workspace_id text)
returns setof record
language sql stable security definer
set search_path from current
as $$
  select i.id, i.workspace_id from job_id i
  where i.id = any (wanted_jobs) and is_superadmin()
$$;
revoke execute on function workspaces_of_jobs from public;
grant execute on function workspaces_of_jobs to headrace_server;
