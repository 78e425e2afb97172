-- phase: before
-- breaking: no
-- People: tokens with scopes, who owns a folder and who manages a group, users and workspaces that change and
-- go, the audit log read by those whom it concerns, and the keys that identity tokens are signed with.

alter table instance_user add column company text;
alter table workspace add column color text;
alter table workspace_group add column extra_perms jsonb not null default '{}';
alter table folder
  add column labels text[] not null default '{}',
  add column edited_at timestamptz not null default now();

-- Two names that differ in case only are one.
-- squawk-ignore require-concurrent-index-creation
create unique index instance_user_by_folded_email on instance_user (lower(email));
-- squawk-ignore require-concurrent-index-creation
create unique index workspace_user_by_folded_name on workspace_user (workspace_id, lower(username));

------------------------------------------------------------------------------- tokens

-- scopes: what a token is limited to, as domain:action[:paths]; null where it may do all that its owner may.
alter table token
  add column scopes text[],
  add column read_only boolean not null default false,
  add column is_session boolean not null default false;
update token set is_session = true where label = 'session';

grant update (label, scopes) on token to headrace_server;

-- Never for a job: it acts for its user by code that somebody else may have written.
alter policy own on token
  using (email = (select current_email()) and (select current_job()) is null)
  with check (email = (select current_email()) and (select current_job()) is null);

-- Whose token this is, and what it is limited to. Notes its use, at most once a minute.
create function identify_token(
  wanted_hash bytea,
  out email text, out super_admin boolean, out workspace_id text, out scopes text[], out read_only boolean)
returns setof record
language sql volatile security definer
set search_path from current
as $$
  with used as (
    update token set last_used_at = now()
    where token.hash = wanted_hash
      and (last_used_at is null or last_used_at < now() - interval '1 minute')
  )
  select u.email, u.super_admin, t.workspace_id, t.scopes, t.read_only
  from token t join instance_user u on u.email = t.email
  where t.hash = wanted_hash and not u.disabled and (t.expires_at is null or t.expires_at > now())
$$;
revoke execute on function identify_token from public;
grant execute on function identify_token to headrace_server;

-- The previous code asks this one, and knows nothing of limits: to it, a limited token is no token.
create or replace function find_token(
  wanted_hash bytea,
  out email text, out super_admin boolean, out workspace_id text, out username text)
returns setof record
language sql volatile security definer
set search_path from current
as $$
  select i.email, i.super_admin, i.workspace_id, null::text
  from identify_token(wanted_hash) i
  where i.scopes is null and not i.read_only
$$;

create or replace function add_session_token(
  token_hash bytea, token_prefix text, owner_email text, session_expires_at timestamptz) returns void
language sql volatile security definer
set search_path from current
as $$
  insert into token (hash, prefix, email, label, expires_at, is_session)
  values (token_hash, token_prefix, owner_email, 'session', session_expires_at, true)
$$;

create or replace function find_password(wanted_email text, out email text, out password_hash text)
returns setof record
language sql stable security definer
set search_path from current
as $$
  select u.email, u.password_hash from instance_user u
  where lower(u.email) = lower(wanted_email) and not u.disabled
$$;

------------------------------------------------------------------------------- who may do what

-- What I own and so may share: u/<me>, folders that name me or a group of mine as an owner, groups I manage.
create function owned_owners() returns text[] language sql stable parallel safe
as $$ select string_to_array(nullif(current_setting('headrace.owned', true), ''), ',') $$;

-- One more column; the previous code names those that it wants.
-- squawk-ignore ban-drop-function
drop function describe_member(text, text);
create function describe_member(
  wanted_workspace text, wanted_username text,
  out username text, out email text, out is_admin boolean, out operator boolean,
  out groups text[], out readable text[], out writable text[], out owned text[])
returns setof record
language sql stable security definer
set search_path from current
as $$
  with member as (
    select m.username, m.email, m.is_admin, m.operator
    from workspace_user m
    join instance_user u on u.email = m.email
    join workspace w on w.id = m.workspace_id
    where m.workspace_id = wanted_workspace and m.username = wanted_username
      and not m.disabled and not u.disabled and not w.deleted
  ),
  mine as (
    select 'u/' || m.username as identity from member m
    union all
    select 'g/' || g.group_name from group_member g, member m
    where g.workspace_id = wanted_workspace and g.username = m.username
  ),
  open_folder as (
    select 'f/' || f.name as owner,
           bool_or(mine.identity = any (f.owners)) as is_mine,
           bool_or(mine.identity = any (f.owners) or (f.extra_perms ->> mine.identity)::boolean) as may_write
    from folder f join mine on mine.identity = any (f.owners) or f.extra_perms ? mine.identity
    where f.workspace_id = wanted_workspace
    group by f.name
  ),
  managed_group as (
    select distinct 'g/' || g.name as owner
    from workspace_group g join mine on (g.extra_perms ->> mine.identity)::boolean
    where g.workspace_id = wanted_workspace
  )
  select m.username, m.email, m.is_admin, m.operator,
         array(select substr(identity, 3) from mine where identity like 'g/%'),
         array(select identity from mine union all select owner from open_folder),
         array(select 'u/' || m.username union all select owner from open_folder where may_write),
         array(select 'u/' || m.username union all select owner from open_folder where is_mine
               union all select owner from managed_group)
  from member m
$$;
revoke execute on function describe_member from public;
grant execute on function describe_member to headrace_server, headrace_worker;

-- squawk-ignore ban-drop-function
drop function describe_group(text, text);
create function describe_group(
  wanted_workspace text, wanted_group text, out readable text[], out writable text[], out owned text[])
returns setof record
language sql stable security definer
set search_path from current
as $$
  with me as (
    select 'g/' || g.name as identity
    from workspace_group g join workspace w on w.id = g.workspace_id
    where g.workspace_id = wanted_workspace and g.name = wanted_group and not w.deleted
  ),
  open_folder as (
    select 'f/' || f.name as owner,
           me.identity = any (f.owners) as is_mine,
           me.identity = any (f.owners)
             or coalesce((f.extra_perms ->> me.identity)::boolean, false) as may_write
    from folder f, me
    where f.workspace_id = wanted_workspace
      and (me.identity = any (f.owners) or f.extra_perms ? me.identity)
  )
  select array(select me.identity union all select owner from open_folder),
         array(select owner from open_folder where may_write),
         array(select owner from open_folder where is_mine
               union all
               select 'g/' || g.name from workspace_group g
               where g.workspace_id = wanted_workspace
                 and coalesce((g.extra_perms ->> me.identity)::boolean, false))
  from me
$$;
revoke execute on function describe_group from public;
grant execute on function describe_group to headrace_server, headrace_worker;

-- The members of my workspace, all or one, with what each may do; nothing of those who are disabled.
create function describe_members(
  wanted_username text,
  out username text, out email text, out name text, out is_admin boolean, out super_admin boolean,
  out operator boolean, out disabled boolean, out created_at timestamptz,
  out groups text[], out readable text[], out writable text[], out owned text[])
returns setof record
language sql stable security definer
set search_path from current
as $$
  select m.username, m.email, u.name, m.is_admin, u.super_admin, m.operator, m.disabled or u.disabled,
         m.created_at, coalesce(d.groups, '{}'), coalesce(d.readable, '{}'), coalesce(d.writable, '{}'),
         coalesce(d.owned, '{}')
  from workspace_user m
  join instance_user u on u.email = m.email
  left join lateral describe_member(m.workspace_id, m.username) d on true
  where m.workspace_id = current_workspace() and (wanted_username is null or m.username = wanted_username)
  order by m.username
$$;
revoke execute on function describe_members from public;
grant execute on function describe_members to headrace_server;

-- How many things of each kind lie under f/<folder> or u/<user> of my workspace, whoever may see them.
create function count_items(wanted_owner text) returns table (kind text, items bigint)
language sql stable security definer
set search_path from current
as $$
  select 'scripts', count(*) from script
  where workspace_id = current_workspace() and owner = wanted_owner and not archived and not deleted
  union all
  select 'resources', count(*) from resource
  where workspace_id = current_workspace() and owner = wanted_owner
$$;
revoke execute on function count_items from public;
grant execute on function count_items to headrace_server;

------------------------------------------------------------------------------- users

grant update (company) on instance_user to headrace_server;

-- One's own password. Ends all sessions but the one that asks. False for a job, and where nobody asks.
create function set_own_password(new_hash text, kept_token bytea) returns boolean
language sql volatile security definer
set search_path from current
as $$
  with changed as (
    update instance_user set password_hash = new_hash
    where email = current_email() and current_job() is null
    returning email
  ),
  ended as (
    delete from token t using changed c where t.email = c.email and t.is_session and t.hash <> kept_token
  )
  select exists (select from changed)
$$;
revoke execute on function set_own_password from public;
grant execute on function set_own_password to headrace_server;

-- Another one's password, by a superadmin. Ends all their sessions.
create function set_password_of(wanted_email text, new_hash text) returns boolean
language sql volatile security definer
set search_path from current
as $$
  with changed as (
    update instance_user set password_hash = new_hash
    where email = wanted_email and is_superadmin() and current_job() is null
    returning email
  ),
  ended as (
    delete from token t using changed c where t.email = c.email and t.is_session
  )
  select exists (select from changed)
$$;
revoke execute on function set_password_of from public;
grant execute on function set_password_of to headrace_server;

-- Takes an identity (u/<user> or g/<group>) out of all rights, so that nobody inherits them with the name.
create function forget_identity(wanted_workspace text, wanted_identity text) returns void
language sql volatile security definer
set search_path from current
as $$
  update folder
  set owners = array_remove(owners, wanted_identity), extra_perms = extra_perms - wanted_identity
  where workspace_id = wanted_workspace and (wanted_identity = any (owners) or extra_perms ? wanted_identity);
  update workspace_group set extra_perms = extra_perms - wanted_identity
  where workspace_id = wanted_workspace and extra_perms ? wanted_identity;
  update script set extra_perms = extra_perms - wanted_identity
  where workspace_id = wanted_workspace and extra_perms ? wanted_identity;
  update resource set extra_perms = extra_perms - wanted_identity
  where workspace_id = wanted_workspace and extra_perms ? wanted_identity;
$$;
revoke execute on function forget_identity from public;

-- A member leaves my workspace, by one of its admins.
create function remove_member(wanted_username text) returns boolean
language plpgsql volatile security definer
set search_path from current
as $$
begin
  if not is_workspace_admin() then
    return false;
  end if;
  delete from group_member where workspace_id = current_workspace() and username = wanted_username;
  delete from workspace_user where workspace_id = current_workspace() and username = wanted_username;
  if not found then
    return false;
  end if;
  perform forget_identity(current_workspace(), 'u/' || wanted_username);
  return true;
end
$$;
revoke execute on function remove_member from public;
grant execute on function remove_member to headrace_server;

-- A user of the instance goes, with tokens, drafts and memberships, by a superadmin.
create function remove_user(wanted_email text) returns boolean
language plpgsql volatile security definer
set search_path from current
as $$
declare
  membership record;
begin
  if not is_superadmin() or current_job() is not null then
    return false;
  end if;
  delete from token where email = wanted_email;
  delete from draft where email = wanted_email;
  delete from group_member g using workspace_user m
  where m.email = wanted_email and g.workspace_id = m.workspace_id and g.username = m.username;
  for membership in
    delete from workspace_user where email = wanted_email returning workspace_id, username
  loop
    perform forget_identity(membership.workspace_id, 'u/' || membership.username);
  end loop;
  delete from instance_user where email = wanted_email;
  return found;
end
$$;
revoke execute on function remove_user from public;
grant execute on function remove_user to headrace_server;

------------------------------------------------------------------------------- workspaces and members

grant update (name, color, deleted) on workspace to headrace_server;
grant update (is_admin, operator, disabled) on workspace_user to headrace_server;

create policy admin_changes on workspace for update to headrace_server
  using ((select is_superadmin()) or (id = (select current_workspace()) and (select is_workspace_admin())));
create policy admin_adds on workspace_user for insert to headrace_server
  with check (workspace_id = (select current_workspace()) and (select is_workspace_admin()));
create policy admin_changes on workspace_user for update to headrace_server
  using (workspace_id = (select current_workspace()) and (select is_workspace_admin()));

------------------------------------------------------------------------------- groups

grant update (summary, extra_perms) on workspace_group to headrace_server;
grant delete on group_member to headrace_server;

create policy managers_change on workspace_group for update to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or 'g/' || name = any ((select owned_owners())::text[])));
create policy managers_add on group_member for insert to headrace_server
  with check (workspace_id = (select current_workspace())
              and 'g/' || group_name = any ((select owned_owners())::text[]));
create policy managers_remove on group_member for delete to headrace_server
  using (workspace_id = (select current_workspace()) and group_name <> 'all'
         and ((select is_workspace_admin()) or 'g/' || group_name = any ((select owned_owners())::text[])));

-- A group goes, by an admin of the workspace. The group all stays.
create function remove_group(wanted_name text) returns boolean
language plpgsql volatile security definer
set search_path from current
as $$
begin
  if not is_workspace_admin() or wanted_name = 'all' then
    return false;
  end if;
  delete from group_member where workspace_id = current_workspace() and group_name = wanted_name;
  delete from workspace_group where workspace_id = current_workspace() and name = wanted_name;
  if not found then
    return false;
  end if;
  perform forget_identity(current_workspace(), 'g/' || wanted_name);
  return true;
end
$$;
revoke execute on function remove_group from public;
grant execute on function remove_group to headrace_server;

------------------------------------------------------------------------------- folders and single things

grant update (display_name, summary, owners, extra_perms, labels, edited_at) on folder to headrace_server;
grant delete on folder to headrace_server;

create policy owners_change on folder for update to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or 'f/' || name = any ((select owned_owners())::text[])));
create policy owners_remove on folder for delete to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or 'f/' || name = any ((select owned_owners())::text[])));

grant update (extra_perms) on script, resource to headrace_server;

------------------------------------------------------------------------------- the audit log

-- squawk-ignore require-concurrent-index-creation
create index audit_by_id on audit (workspace_id, id desc);

grant select on audit to headrace_server;

-- Admins of a workspace read what was done in it, others what they did themselves.
create policy own_or_admin on audit for select to headrace_server
  using ((select is_superadmin())
         or (workspace_id = (select current_workspace())
             and ((select is_workspace_admin()) or username = (select current_username()))));

------------------------------------------------------------------------------- identity tokens

-- What identity tokens are signed with, the newest of them. The others stay to be published, so that
-- what they have signed is good until it expires.
create table signing_key (
  id text primary key,
  private_pem text not null,
  created_at timestamptz not null default now()
);

alter table signing_key enable row level security;

-- Every server reads them and one adds the first; a request reaches them through these two only.
create function read_signing_keys() returns table (id text, private_pem text)
language sql stable security definer
set search_path from current
as $$ select k.id, k.private_pem from signing_key k order by k.created_at desc, k.id $$;
revoke execute on function read_signing_keys from public;
grant execute on function read_signing_keys to headrace_server;

create function add_first_signing_key(new_id text, new_private_pem text) returns void
language plpgsql volatile security definer
set search_path from current
as $$
begin
  perform pg_advisory_xact_lock(hashtext('headrace.signing_key'));
  if not exists (select from signing_key) then
    insert into signing_key (id, private_pem) values (new_id, new_private_pem);
  end if;
end
$$;
revoke execute on function add_first_signing_key from public;
grant execute on function add_first_signing_key to headrace_server;
