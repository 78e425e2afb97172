-- phase: before
-- breaking: no
-- Variables, secrets among them, the keys that secrets are encrypted under, types of resources, and what a
-- workspace adds to the environment of its jobs.

------------------------------------------------------------------------------- variables

-- value is the value itself, or the ciphertext where is_secret; which of them it is stands in one column so
-- that they change together.
create table variable (
  workspace_id text not null references workspace (id),
  path text not null,
  owner text not null generated always as (path_owner(path)) stored,
  value text not null,
  is_secret boolean not null,
  description text not null default '',
  labels text[] not null default '{}',
  extra_perms jsonb not null default '{}',
  created_by text not null,
  created_at timestamptz not null default now(),
  edited_by text not null,
  edited_at timestamptz not null default now(),
  primary key (workspace_id, path)
);

alter table variable enable row level security;
grant select, insert, delete on variable to headrace_server;
grant update (path, value, is_secret, description, labels, extra_perms, edited_by, edited_at)
  on variable to headrace_server;

create policy readers on variable for select to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or owner = any ((select readable_owners())::text[])));
create policy writers_add on variable for insert to headrace_server
  with check (workspace_id = (select current_workspace())
              and ((select is_workspace_admin()) or path_owner(path) = any ((select writable_owners())::text[])));
create policy writers_change on variable for update to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or owner = any ((select writable_owners())::text[])))
  with check (workspace_id = (select current_workspace())
              and ((select is_workspace_admin()) or path_owner(path) = any ((select writable_owners())::text[])));
create policy writers_remove on variable for delete to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or owner = any ((select writable_owners())::text[])));

-- The key of a workspace, encrypted under the installation's root key, which is not in the database.
create table workspace_key (
  workspace_id text primary key references workspace (id),
  wrapped bytea not null,
  created_at timestamptz not null default now()
);

alter table workspace_key enable row level security;
grant select, insert on workspace_key to headrace_server;

create policy own on workspace_key for all to headrace_server
  using (workspace_id = (select current_workspace()))
  with check (workspace_id = (select current_workspace()));

-- One of them, to see whether a root key fits before anybody is known who asks.
create function any_workspace_key(out workspace_id text, out wrapped bytea) returns setof record
language sql stable security definer
set search_path from current
as $$ select k.workspace_id, k.wrapped from workspace_key k order by k.created_at limit 1 $$;
revoke execute on function any_workspace_key from public;
grant execute on function any_workspace_key to headrace_server;

------------------------------------------------------------------------------- resources and their types

alter table resource add column labels text[] not null default '{}';
-- Null where the previous release was the last to change it.
alter table resource add column edited_by text;

grant update (path, labels, extra_perms, edited_by) on resource to headrace_server;
grant delete on resource to headrace_server;

drop policy writers_change on resource;
create policy writers_change on resource for update to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or owner = any ((select writable_owners())::text[])))
  with check (workspace_id = (select current_workspace())
              and ((select is_workspace_admin()) or path_owner(path) = any ((select writable_owners())::text[])));
create policy writers_remove on resource for delete to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or owner = any ((select writable_owners())::text[])));

-- Those of the workspace `admins` are seen in every workspace.
create table resource_type (
  workspace_id text not null references workspace (id),
  name text not null,
  schema text,
  description text not null default '',
  display_name text,
  format_extension text,
  is_fileset boolean not null default false,
  created_by text not null,
  edited_at timestamptz not null default now(),
  primary key (workspace_id, name)
);

alter table resource_type enable row level security;
grant select, insert, delete on resource_type to headrace_server;
grant update (schema, description, display_name, format_extension, is_fileset, edited_at)
  on resource_type to headrace_server;

create policy members_read on resource_type for select to headrace_server
  using (workspace_id = (select current_workspace())
         or (workspace_id = 'admins' and (select current_workspace()) is not null));
create policy members_add on resource_type for insert to headrace_server
  with check (workspace_id = (select current_workspace()) and created_by = (select current_username()));
create policy makers_change on resource_type for update to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or created_by = (select current_username())));
create policy makers_remove on resource_type for delete to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or created_by = (select current_username())));

------------------------------------------------------------------------------- the environment of jobs

create table environment_variable (
  workspace_id text not null references workspace (id),
  name text not null,
  value text not null,
  primary key (workspace_id, name)
);

alter table environment_variable enable row level security;
grant select, insert, delete on environment_variable to headrace_server;
grant update (value) on environment_variable to headrace_server;
grant select on environment_variable to headrace_worker;

create policy members_read on environment_variable for select to headrace_server
  using (workspace_id = (select current_workspace()));
create policy admins_add on environment_variable for insert to headrace_server
  with check (workspace_id = (select current_workspace()) and (select is_workspace_admin()));
create policy admins_change on environment_variable for update to headrace_server
  using (workspace_id = (select current_workspace()) and (select is_workspace_admin()));
create policy admins_remove on environment_variable for delete to headrace_server
  using (workspace_id = (select current_workspace()) and (select is_workspace_admin()));
create policy workers on environment_variable for select to headrace_worker using (true);
