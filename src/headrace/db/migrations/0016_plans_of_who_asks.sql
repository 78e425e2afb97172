-- phase: before
-- breaking: no
-- Who asks is found out with every request. PostgreSQL before 18 plans a function in SQL anew each time it is
-- called, which took 1.2 ms here; those in PL/pgSQL keep their plans for as long as their connection lasts.

create or replace function identify_token(wanted_hash bytea, out email text, out super_admin boolean,
                                          out workspace_id text, out scopes text[], out read_only boolean)
returns setof record
language plpgsql security definer set search_path to 'headrace', 'pg_temp' as $$
#variable_conflict use_column
begin
  update token set last_used_at = now()
  where token.hash = wanted_hash
    and (last_used_at is null or last_used_at < now() - interval '1 minute');
  return query
  select u.email, u.super_admin, t.workspace_id, t.scopes, t.read_only
  from token t join instance_user u on u.email = t.email
  where t.hash = wanted_hash and not u.disabled and (t.expires_at is null or t.expires_at > now());
end
$$;

create or replace function workspace_exists(wanted_workspace text) returns boolean
language plpgsql stable security definer set search_path to 'headrace', 'pg_temp' as $$
begin
  return exists (select from workspace where id = wanted_workspace and not deleted);
end
$$;

create or replace function username_of(wanted_workspace text, wanted_email text) returns text
language plpgsql stable security definer set search_path to 'headrace', 'pg_temp' as $$
begin
  return (select username from workspace_user where workspace_id = wanted_workspace and email = wanted_email);
end
$$;

create or replace function find_job_token(wanted_job uuid, wanted_attempt integer, out token_hash bytea,
                                          out workspace_id text, out permissioned_as text, out email text)
returns setof record
language plpgsql stable security definer set search_path to 'headrace', 'pg_temp' as $$
#variable_conflict use_column
begin
  return query
  select q.token_hash, j.workspace_id, j.permissioned_as, j.email
  from job_queue q join job j on j.id = q.id
  where q.id = wanted_job and q.attempt = wanted_attempt and q.state = 'running';
end
$$;

create or replace function describe_member(wanted_workspace text, wanted_username text, out username text,
                                           out email text, out is_admin boolean, out operator boolean,
                                           out groups text[], out readable text[], out writable text[],
                                           out owned text[])
returns setof record
language plpgsql stable security definer set search_path to 'headrace', 'pg_temp' as $$
#variable_conflict use_column
begin
  return query
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
  from member m;
end
$$;

create or replace function describe_group(wanted_workspace text, wanted_group text, out readable text[],
                                          out writable text[], out owned text[])
returns setof record
language plpgsql stable security definer set search_path to 'headrace', 'pg_temp' as $$
#variable_conflict use_column
begin
  return query
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
  from me;
end
$$;
