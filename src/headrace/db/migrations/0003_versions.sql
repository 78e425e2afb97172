-- phase: before
-- breaking: no
-- Versions have a place in a line, that goes on when a script moves; drafts; the trash bin.

------------------------------------------------------------------------------- lines of versions

-- A line is a version without a parent and all that came of it, at whatever paths; it bears the hash of
-- its first. number counts from 1 along it. Lineage is linear, so both say all that a chain of parents
-- says, without a walk. error_handler_muted, where it is not null, goes before what settings say: the
-- only setting that may change after the deployment. trash_id: the item of the trash bin that holds it.
alter table script add column line text;
alter table script add column number integer;
alter table script add column error_handler_muted boolean;
alter table script add column trash_id bigint;

with recursive placed (workspace_id, hash, line, number) as (
  select s.workspace_id, s.hash, s.hash, 1
  from script s
  where not exists (select from script p where p.workspace_id = s.workspace_id and p.hash = s.parent_hash)
  union all
  select s.workspace_id, s.hash, p.line, p.number + 1
  from placed p join script s on s.workspace_id = p.workspace_id and s.parent_hash = p.hash
)
update script s set line = p.line, number = p.number
from placed p where p.workspace_id = s.workspace_id and p.hash = s.hash;

-- A trigger, so that the previous release places its versions, too; with the owner's rights, because the
-- parent may be one that the deployer can't see any more.
create function place_in_line() returns trigger
language plpgsql security definer
set search_path from current
as $$
begin
  select p.line, p.number + 1 into new.line, new.number
  from script p where p.workspace_id = new.workspace_id and p.hash = new.parent_hash;
  if not found then
    new.line := new.hash;
    new.number := 1;
  end if;
  return new;
end
$$;
revoke execute on function place_in_line from public;

create trigger place_in_line before insert on script for each row execute function place_in_line();

-- Deployments wait while these are made: a script has few versions, and a migration is one transaction.
-- squawk-ignore require-concurrent-index-creation
create unique index script_line on script (workspace_id, line, number);
-- squawk-ignore require-concurrent-index-creation
create index script_heads_by_time on script (workspace_id, created_at desc, hash)
  where not archived and not deleted;
-- squawk-ignore require-concurrent-index-creation
create index script_trashed on script (trash_id) where trash_id is not null;

grant update (deployment_message, error_handler_muted) on script to headrace_server;

-- What lies in the trash bin, or was erased, is for admins only.
alter policy readers on script
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin())
              or (not deleted and owner = any ((select readable_owners())::text[]))));

-- The path of a deleted version, for those who may read it: so that they are told what became of it.
create function deleted_script_path(wanted_hash text) returns text
language sql stable security definer
set search_path from current
as $$
  select path from script
  where workspace_id = current_workspace() and hash = wanted_hash and deleted
    and (is_workspace_admin() or owner = any (readable_owners()))
$$;
revoke execute on function deleted_script_path from public;
grant execute on function deleted_script_path to headrace_server;

------------------------------------------------------------------------------- the trash bin

-- What was deleted, for three days. A script's versions stay where they are, marked and unseen, until
-- they are restored or erased. Rows come and go by the functions below only.
create table trash (
  id bigint generated always as identity primary key,
  workspace_id text not null references workspace (id),
  item_kind text not null,
  item_path text not null,
  deleted_by text not null,
  deleted_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '3 days'
);

create index trash_by_time on trash (workspace_id, deleted_at desc, id desc);
create index trash_expiry on trash (expires_at);

alter table trash enable row level security;
grant select on trash to headrace_server;

create policy admins on trash for select to headrace_server
  using (workspace_id = (select current_workspace()) and (select is_workspace_admin()));

-- Puts versions of a path into the trash bin, all or one; the item's id, or null where there are none.
-- A function, because only admins may mark a version as deleted.
create function trash_script(wanted_path text, wanted_hash text) returns bigint
language sql volatile security definer
set search_path from current
as $$
  with doomed as (
    select hash from script
    where workspace_id = current_workspace() and is_workspace_admin() and path = wanted_path
      and (wanted_hash is null or hash = wanted_hash) and not deleted
    for update
  ),
  item as (
    insert into trash (workspace_id, item_kind, item_path, deleted_by)
    select current_workspace(), 'script', wanted_path, current_username()
    where exists (select from doomed)
    returning id
  ),
  marked as (
    update script s set deleted = true, trash_id = item.id
    from item, doomed
    where s.workspace_id = current_workspace() and s.hash = doomed.hash
  )
  select id from item
$$;
revoke execute on function trash_script from public;
grant execute on function trash_script to headrace_server;

-- Gives versions back to their path; returns them. One whose lock was never made has to be locked anew,
-- whatever became of its dependencies job in between. Violates script_head where the path is taken again.
create function restore_trashed_script(wanted_item bigint)
returns table (hash text, path text, language text, is_locked boolean)
language sql volatile security definer
set search_path from current
as $$
  with item as (
    delete from trash
    where id = wanted_item and workspace_id = current_workspace() and is_workspace_admin()
      and item_kind = 'script' and expires_at > now()
    returning id
  )
  update script s
  set deleted = false, trash_id = null, lock_error = case when s.lock is not null then s.lock_error end
  from item
  where s.workspace_id = current_workspace() and s.trash_id = item.id
  returning s.hash, s.path, s.language, s.lock is not null
$$;
revoke execute on function restore_trashed_script from public;
grant execute on function restore_trashed_script to headrace_server;

-- Leaves of versions only what others refer to: hash, path, place in the line, by whom and when.
create function erase_script_versions(items bigint[]) returns void
language sql volatile security definer
set search_path from current
as $$
  update script
  set content = '', summary = '', description = '', schema = null, lock = null, lock_error = null,
      deployment_message = null, settings = '{}', trash_id = null
  where trash_id = any (items)
$$;
revoke execute on function erase_script_versions from public;

-- Erases one item of the trash bin for good, or with null all of the workspace's; returns how many.
create function erase_trash(wanted_item bigint) returns bigint
language plpgsql volatile security definer
set search_path from current
as $$
declare
  gone bigint[];
begin
  with removed as (
    delete from trash
    where workspace_id = current_workspace() and is_workspace_admin()
      and (wanted_item is null or id = wanted_item)
    returning id
  )
  select array_agg(id) into gone from removed;
  perform erase_script_versions(gone);
  return coalesce(cardinality(gone), 0);
end
$$;
revoke execute on function erase_trash from public;
grant execute on function erase_trash to headrace_server;

-- Erases what nobody has restored in time, a hundred items at once; returns how many.
create function erase_expired_trash() returns bigint
language plpgsql volatile security definer
set search_path from current
as $$
declare
  gone bigint[];
begin
  with removed as (
    delete from trash where id in (
      select id from trash where expires_at <= now() order by expires_at limit 100 for update skip locked)
    returning id
  )
  select array_agg(id) into gone from removed;
  perform erase_script_versions(gone);
  return coalesce(cardinality(gone), 0);
end
$$;
revoke execute on function erase_expired_trash from public;
grant execute on function erase_expired_trash to headrace_worker;

------------------------------------------------------------------------------- drafts

-- What somebody is writing and has not deployed: one for each item and user. base is the version that it
-- began from. Instants are whole milliseconds, because browsers hand them back so.
create table draft (
  workspace_id text not null references workspace (id),
  kind text not null,
  path text not null,
  email text not null references instance_user (email),
  username text not null,
  value text not null,
  base text,
  saved_at timestamptz not null,
  primary key (workspace_id, kind, path, email)
);

create index draft_by_user on draft (workspace_id, email, kind, path);

alter table draft enable row level security;
grant select, insert, delete on draft to headrace_server;
grant update (path, value, username, base, saved_at) on draft to headrace_server;

-- One's own, and for admins also those of others, of kinds that hold no secrets. Never for a job: it acts
-- for its user, or for a group, by code that somebody else may have written.
create policy own_or_admin on draft for select to headrace_server
  using (workspace_id = (select current_workspace()) and (select current_job()) is null
         and (email = (select current_email())
              or ((select is_workspace_admin()) and kind in ('script', 'flow', 'app', 'raw_app'))));
create policy own_adds on draft for insert to headrace_server
  with check (workspace_id = (select current_workspace()) and (select current_job()) is null
              and email = (select current_email()));
create policy own_changes on draft for update to headrace_server
  using (workspace_id = (select current_workspace()) and (select current_job()) is null
         and email = (select current_email()));
create policy own_or_admin_deletes on draft for delete to headrace_server
  using (workspace_id = (select current_workspace()) and (select current_job()) is null
         and (email = (select current_email())
              or ((select is_workspace_admin()) and kind in ('script', 'flow', 'app', 'raw_app'))));

-- When a script moves, everybody's drafts of it go along; who has one at the new path keeps both.
create function move_script_drafts(old_path text, new_path text) returns void
language sql volatile security definer
set search_path from current
as $$
  update draft d set path = new_path
  where d.workspace_id = current_workspace() and d.kind = 'script' and d.path = old_path
    and (is_workspace_admin()
         or (path_owner(old_path) = any (writable_owners()) and path_owner(new_path) = any (writable_owners())))
    and not exists (select from draft other
                    where other.workspace_id = d.workspace_id and other.kind = d.kind
                      and other.path = new_path and other.email = d.email)
$$;
revoke execute on function move_script_drafts from public;
grant execute on function move_script_drafts to headrace_server;
