-- phase: before
-- breaking: no
-- Who imports whom, locks made anew when what is imported changes, and the workspace's files of
-- dependencies. The map begins empty: a script is in it from its next deployment on, or when an admin
-- has it rebuilt.

-- What a path's newest version imports: paths of scripts (each that an import may mean, there or not), and
-- files of dependencies as dependencies/<name>.requirements.in.
create table script_import (
  workspace_id text not null references workspace (id),
  importer_kind text not null default 'script' check (importer_kind in ('script', 'flow', 'app')),
  importer_path text not null,
  owner text not null generated always as (path_owner(importer_path)) stored,
  imported_path text not null,
  primary key (workspace_id, importer_kind, importer_path, imported_path)
);

create index script_import_by_imported on script_import (workspace_id, imported_path);

-- A script that imports something: as whom it is locked again (whoever deployed it; null where that is
-- not known), and what became of that the last time. state: wanted, running (job is at it), changed (a
-- new version has the new lock), unchanged (the lock came out the same), failed, left (nobody to do it as).
create table script_relock (
  workspace_id text not null references workspace (id),
  path text not null,
  owner text not null generated always as (path_owner(path)) stored,
  permissioned_as text,
  email text,
  state text check (state in ('wanted', 'running', 'changed', 'unchanged', 'failed', 'left')),
  because text,
  caused_by text,
  wanted_at timestamptz,
  ended_at timestamptz,
  job uuid,
  version text,
  message text,
  primary key (workspace_id, path)
);

create index script_relock_wanted on script_relock (wanted_at) where state = 'wanted';
create index script_relock_by_job on script_relock (job) where job is not null;

-- Something that is imported has changed; the leader makes wishes of it for all that import it, directly
-- or not. only_failed: nothing changed that a lock depends on, so only what went wrong is tried again.
create table relock_cause (
  id bigint generated always as identity primary key,
  workspace_id text not null references workspace (id),
  imported_path text not null,
  caused_by text not null,
  only_failed boolean not null,
  at timestamptz not null default now()
);

-- Requirements that scripts share by name; the one without a name is for scripts that name none.
-- Never changed but for archived: a new version is a new row.
create table workspace_dependencies (
  id bigint generated always as identity primary key,
  workspace_id text not null references workspace (id),
  language text not null,
  name text not null default '',
  description text not null default '',
  content text not null,
  archived boolean not null default false,
  created_by text not null,
  created_at timestamptz not null default now()
);

create unique index workspace_dependencies_newest on workspace_dependencies (workspace_id, language, name)
  where not archived;

------------------------------------------------------------------------------- who may

alter table script_import enable row level security;
alter table script_relock enable row level security;
alter table relock_cause enable row level security;
alter table workspace_dependencies enable row level security;

grant select, insert, delete on script_import to headrace_server;

create policy readers on script_import for select to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or owner = any ((select readable_owners())::text[])));
create policy writers_add on script_import for insert to headrace_server
  with check (workspace_id = (select current_workspace())
              and ((select is_workspace_admin())
                   or path_owner(importer_path) = any ((select writable_owners())::text[])));
create policy writers_remove on script_import for delete to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or owner = any ((select writable_owners())::text[])));

grant select, insert, update, delete on script_relock to headrace_server;

create policy readers on script_relock for select to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or owner = any ((select readable_owners())::text[])));
-- As oneself: what one deploys is locked again with one's own rights and nobody else's. An admin who has
-- the map rebuilt names those who deployed.
create policy as_oneself on script_relock for insert to headrace_server
  with check (workspace_id = (select current_workspace())
              and ((select is_workspace_admin())
                   or (path_owner(path) = any ((select writable_owners())::text[])
                       and permissioned_as = any ((select own_identities())::text[]))));
create policy as_oneself_again on script_relock for update to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or owner = any ((select writable_owners())::text[])))
  with check (workspace_id = (select current_workspace())
              and ((select is_workspace_admin())
                   or (path_owner(path) = any ((select writable_owners())::text[])
                       and permissioned_as = any ((select own_identities())::text[]))));
create policy writers_remove on script_relock for delete to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or owner = any ((select writable_owners())::text[])));

grant insert on relock_cause to headrace_server;

create policy writers_add on relock_cause for insert to headrace_server
  with check (workspace_id = (select current_workspace())
              and ((select is_workspace_admin())
                   or path_owner(imported_path) = any ((select writable_owners())::text[])));

grant select, insert, delete on workspace_dependencies to headrace_server;
grant update (archived) on workspace_dependencies to headrace_server;

create policy members_read on workspace_dependencies for select to headrace_server
  using (workspace_id = (select current_workspace()) or (select is_superadmin()));
create policy admins_add on workspace_dependencies for insert to headrace_server
  with check (workspace_id = (select current_workspace()) and (select is_workspace_admin()));
create policy admins_change on workspace_dependencies for update to headrace_server
  using (workspace_id = (select current_workspace()) and (select is_workspace_admin()));
create policy admins_remove on workspace_dependencies for delete to headrace_server
  using (workspace_id = (select current_workspace()) and (select is_workspace_admin()));

-- The leader starts locks, and workers end them.
grant select on script_import, workspace_dependencies to headrace_worker;
grant select, update, delete on script_relock to headrace_worker;
grant select, insert, delete on relock_cause to headrace_worker;
grant insert on job_id, job, job_queue, audit to headrace_worker;

create policy workers on script_import for select to headrace_worker using (true);
create policy workers on script_relock for all to headrace_worker using (true) with check (true);
create policy workers on relock_cause for all to headrace_worker using (true) with check (true);
create policy workers on workspace_dependencies for select to headrace_worker using (true);
create policy workers on audit for insert to headrace_worker with check (true);

------------------------------------------------------------------------------- deeds with the owner's rights

-- Whether somebody who acts by email alone still may: a superadmin, in any workspace.
create function is_superadmin_email(wanted_email text) returns boolean
language sql stable security definer
set search_path from current
as $$ select exists (select from instance_user where email = wanted_email and super_admin and not disabled) $$;
revoke execute on function is_superadmin_email from public;
grant execute on function is_superadmin_email to headrace_worker;

-- The end of a job that locked a script again, without a new version. False where it was no such job, or
-- another one has taken its place. A function, because the one who ends it may not see the script.
create function end_relock(ended_job uuid, new_state text, new_message text) returns boolean
language plpgsql volatile security definer
set search_path from current
as $$
begin
  if not exists (select from job_id where id = ended_job and completed_at is not null) then
    return false;
  end if;
  -- One that is wanted once more stays so.
  update script_relock
  set state = case when state = 'running' then new_state else state end,
      message = case when state = 'running' then new_message end,
      ended_at = case when state = 'running' then now() end
  where job = ended_job;
  return found;
end
$$;
revoke execute on function end_relock from public;
grant execute on function end_relock to headrace_server, headrace_worker;

-- A script that was locked again gets a version with the new lock, the same in all else, whatever columns
-- there are. Only for a job that has succeeded, and on top of the very version that it was for. A function,
-- because workers add no versions else.
create function add_relocked_version(ended_job uuid, new_hash text, new_lock text, new_message text)
returns boolean
language plpgsql volatile security definer
set search_path from current
as $$
declare
  ended record;
  columns text;
  version jsonb;
begin
  select h.workspace_id, h.script_hash into ended
  from job_id i join job_history h on h.completed_at = i.completed_at and h.id = i.id
  join script_relock r on r.job = h.id and r.workspace_id = h.workspace_id and r.path = h.path
  where i.id = ended_job and h.kind = 'dependencies' and h.status = 'success';
  update script s set archived = true
  where s.workspace_id = ended.workspace_id and s.hash = ended.script_hash and not s.archived and not s.deleted
  returning to_jsonb(s) into version;
  if version is null then
    return false;
  end if;
  version := version || jsonb_build_object(
    'hash', new_hash, 'parent_hash', ended.script_hash, 'lock', new_lock, 'lock_error', null,
    'lock_job', ended_job, 'deployment_message', new_message, 'created_at', clock_timestamp(),
    'archived', false);
  select string_agg(quote_ident(attname), ', ' order by attnum) into columns
  from pg_attribute
  where attrelid = 'script'::regclass and attnum > 0 and not attisdropped and attgenerated = '';
  execute format('insert into script (%1$s) select %1$s from jsonb_populate_record(null::script, $1)', columns)
  using version;
  update script_relock
  set state = case when state = 'running' then 'changed' else state end, version = new_hash, ended_at = now(),
      message = null
  where job = ended_job;
  return true;
end
$$;
revoke execute on function add_relocked_version from public;
grant execute on function add_relocked_version to headrace_worker;
