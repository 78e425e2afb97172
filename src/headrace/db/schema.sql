-- Written by `make schema` from the migrations, for reading. Nothing is made from this file.

CREATE SCHEMA headrace;

CREATE FUNCTION headrace.add_first_signing_key(new_id text, new_private_pem text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
begin
  perform pg_advisory_xact_lock(hashtext('headrace.signing_key'));
  if not exists (select from signing_key) then
    insert into signing_key (id, private_pem) values (new_id, new_private_pem);
  end if;
end
$$;

CREATE FUNCTION headrace.add_relocked_version(ended_job uuid, new_hash text, new_lock text, new_message text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $_$
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
$_$;

CREATE FUNCTION headrace.add_session_token(token_hash bytea, token_prefix text, owner_email text, session_expires_at timestamp with time zone) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  insert into token (hash, prefix, email, label, expires_at, is_session)
  values (token_hash, token_prefix, owner_email, 'session', session_expires_at, true)
$$;

CREATE FUNCTION headrace.any_workspace_key(OUT workspace_id text, OUT wrapped bytea) RETURNS SETOF record
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$ select k.workspace_id, k.wrapped from workspace_key k order by k.created_at limit 1 $$;

CREATE FUNCTION headrace.count_items(wanted_owner text) RETURNS TABLE(kind text, items bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  select 'scripts', count(*) from script
  where workspace_id = current_workspace() and owner = wanted_owner and not archived and not deleted
  union all
  select 'resources', count(*) from resource
  where workspace_id = current_workspace() and owner = wanted_owner
  union all
  select 'variables', count(*) from variable
  where workspace_id = current_workspace() and owner = wanted_owner
$$;

CREATE FUNCTION headrace.count_jobs(OUT pending bigint, OUT running bigint) RETURNS record
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  select count(*) filter (where state = 'queued'), count(*) filter (where state = 'running') from job_queue
$$;

CREATE FUNCTION headrace.count_live_workers() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$ select count(*) from worker_session where ended_at is null and expires_at > now() $$;

CREATE FUNCTION headrace.current_email() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('headrace.email', true), '') $$;

CREATE FUNCTION headrace.current_job() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('headrace.job', true), '')::uuid $$;

CREATE FUNCTION headrace.current_username() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('headrace.username', true), '') $$;

CREATE FUNCTION headrace.current_workspace() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('headrace.workspace', true), '') $$;

CREATE FUNCTION headrace.deleted_script_path(wanted_hash text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  select path from script
  where workspace_id = current_workspace() and hash = wanted_hash and deleted
    and (is_workspace_admin() or owner = any (readable_owners()))
$$;

CREATE FUNCTION headrace.describe_group(wanted_workspace text, wanted_group text, OUT readable text[], OUT writable text[], OUT owned text[]) RETURNS SETOF record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.describe_member(wanted_workspace text, wanted_username text, OUT username text, OUT email text, OUT is_admin boolean, OUT operator boolean, OUT groups text[], OUT readable text[], OUT writable text[], OUT owned text[]) RETURNS SETOF record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.describe_members(wanted_username text, OUT username text, OUT email text, OUT name text, OUT is_admin boolean, OUT super_admin boolean, OUT operator boolean, OUT disabled boolean, OUT created_at timestamp with time zone, OUT groups text[], OUT readable text[], OUT writable text[], OUT owned text[]) RETURNS SETOF record
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  select m.username, m.email, u.name, m.is_admin, u.super_admin, m.operator, m.disabled or u.disabled,
         m.created_at, coalesce(d.groups, '{}'), coalesce(d.readable, '{}'), coalesce(d.writable, '{}'),
         coalesce(d.owned, '{}')
  from workspace_user m
  join instance_user u on u.email = m.email
  left join lateral describe_member(m.workspace_id, m.username) d on true
  where m.workspace_id = current_workspace() and (wanted_username is null or m.username = wanted_username)
  order by m.username
$$;

CREATE FUNCTION headrace.describe_workers(OUT active bigint, OUT worker_groups text[], OUT versions text[]) RETURNS record
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  select count(*),
         coalesce(array_agg(distinct worker_group order by worker_group), '{}'),
         coalesce(array_agg(distinct version order by version), '{}')
  from worker_session where ended_at is null and expires_at > now()
$$;

CREATE FUNCTION headrace.doubt_blob_of_file() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
begin
  if tg_op = 'DELETE' or new.blob is distinct from old.blob then
    insert into doubtful_blob (name, workspace_id, due_at)
    values (old.blob ->> 'name', old.workspace_id, now())
    on conflict (name) do update set due_at = excluded.due_at;
  end if;
  return null;
end
$$;

CREATE FUNCTION headrace.doubt_blob_of_job() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
begin
  if old.result_blob is not null and (tg_op = 'DELETE' or new.result_blob is distinct from old.result_blob) then
    insert into doubtful_blob (name, workspace_id, job_id, attempt, due_at)
    values (old.result_blob ->> 'name', old.workspace_id, old.id, old.attempt, now())
    on conflict (name) do update set due_at = excluded.due_at;
  end if;
  if tg_op = 'DELETE' or (new.deleted and not old.deleted) then
    delete from job_log_block where job_id = old.id;
    delete from job_log_large where job_id = old.id;
  end if;
  return null;
end
$$;

CREATE FUNCTION headrace.doubt_blob_of_log() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
begin
  insert into doubtful_blob (name, workspace_id, job_id, attempt, due_at)
  -- The job may be gone altogether; the name has its workspace: logs/<workspace>/…
  values (old.blob ->> 'name', split_part(old.blob ->> 'name', '/', 2), old.job_id, old.attempt, now())
  on conflict (name) do update set due_at = excluded.due_at;
  return null;
end
$$;

CREATE FUNCTION headrace.end_relock(ended_job uuid, new_state text, new_message text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.erase_expired_trash() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.erase_run(wanted_job uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.erase_script_versions(items bigint[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  update script
  set content = '', summary = '', description = '', schema = null, lock = null, lock_error = null,
      deployment_message = null, settings = '{}', trash_id = null
  where trash_id = any (items)
$$;

CREATE FUNCTION headrace.erase_trash(wanted_item bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.extend_job_history() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
declare
  first_day date := date_trunc('week', now() at time zone 'utc')::date;
  day date;
begin
  for week in 0..8 loop
    day := first_day + week * 7;
    if to_regclass(format('job_history_%s', to_char(day, 'YYYYMMDD'))) is null then
      perform pg_advisory_xact_lock(hashtext('headrace.extend_job_history'));
      execute format('create table if not exists %I partition of job_history for values from (%L) to (%L)',
                     'job_history_' || to_char(day, 'YYYYMMDD'),
                     day::timestamp at time zone 'utc', (day + 7)::timestamp at time zone 'utc');
      -- Nobody but the owner may touch a partition by its own name; this is the second bolt.
      execute format('alter table %I enable row level security', 'job_history_' || to_char(day, 'YYYYMMDD'));
    end if;
  end loop;
end
$$;

CREATE FUNCTION headrace.find_job_token(wanted_job uuid, wanted_attempt integer, OUT token_hash bytea, OUT workspace_id text, OUT permissioned_as text, OUT email text) RETURNS SETOF record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  return query
  select q.token_hash, j.workspace_id, j.permissioned_as, j.email
  from job_queue q join job j on j.id = q.id
  where q.id = wanted_job and q.attempt = wanted_attempt and q.state = 'running';
end
$$;

CREATE FUNCTION headrace.find_password(wanted_email text, OUT email text, OUT password_hash text) RETURNS SETOF record
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  select u.email, u.password_hash from instance_user u
  where lower(u.email) = lower(wanted_email) and not u.disabled
$$;

CREATE FUNCTION headrace.find_token(wanted_hash bytea, OUT email text, OUT super_admin boolean, OUT workspace_id text, OUT username text) RETURNS SETOF record
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  select i.email, i.super_admin, i.workspace_id, null::text
  from identify_token(wanted_hash) i
  where i.scopes is null and not i.read_only
$$;

CREATE FUNCTION headrace.forget_identity(wanted_workspace text, wanted_identity text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  update folder
  set owners = array_remove(owners, wanted_identity), extra_perms = extra_perms - wanted_identity
  where workspace_id = wanted_workspace and (wanted_identity = any (owners) or extra_perms ? wanted_identity);
  update workspace_group set extra_perms = extra_perms - wanted_identity
  where workspace_id = wanted_workspace and extra_perms ? wanted_identity;
  update script set extra_perms = extra_perms - wanted_identity
  where workspace_id = wanted_workspace and extra_perms ? wanted_identity;
  update resource set extra_perms = extra_perms - wanted_identity
  where workspace_id = wanted_workspace and extra_perms ? wanted_identity;
  update variable set extra_perms = extra_perms - wanted_identity
  where workspace_id = wanted_workspace and extra_perms ? wanted_identity;
$$;

CREATE FUNCTION headrace.hold_script_lock(wanted_workspace text, wanted_hash text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$ select from script where workspace_id = wanted_workspace and hash = wanted_hash for share $$;

CREATE FUNCTION headrace.identify_token(wanted_hash bytea, OUT email text, OUT super_admin boolean, OUT workspace_id text, OUT scopes text[], OUT read_only boolean) RETURNS SETOF record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.is_superadmin() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select coalesce(current_setting('headrace.superadmin', true), '') = 'true' $$;

CREATE FUNCTION headrace.is_superadmin_email(wanted_email text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$ select exists (select from instance_user where email = wanted_email and super_admin and not disabled) $$;

CREATE FUNCTION headrace.is_workspace_admin() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select coalesce(current_setting('headrace.admin', true), '') = 'true' $$;

CREATE FUNCTION headrace.let_go_of_blob() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
begin
  new.result_blob := null;
  return new;
end
$$;

CREATE FUNCTION headrace.make_room_for_raw_script(wanted_bytes bigint, most_bytes bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
declare
  used bigint;
begin
  perform pg_advisory_xact_lock(hashtext('raw_script'), hashtext(current_workspace()));
  -- What jobs need is counted first, then what is newest.
  delete from raw_script where id in (
    select id from (
      select id, is_needed,
             sum(octet_length(content)) over (order by is_needed desc, stored_at desc, id desc) as bytes
      from (
        select *, exists (select from job_raw_script j where j.raw_script = r.id) as is_needed
        from raw_script r where workspace_id = current_workspace()
      ) of_workspace
    ) counted
    where not is_needed and bytes > most_bytes - wanted_bytes
  );
  select coalesce(sum(octet_length(content)), 0) into used
  from raw_script where workspace_id = current_workspace();
  return used + wanted_bytes <= most_bytes;
end
$$;

CREATE FUNCTION headrace.may_use_files() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  select current_job() is not null or is_workspace_admin()
         or exists (select from workspace_user
                    where workspace_id = current_workspace() and username = current_username()
                      and not operator and not disabled)
$$;

CREATE FUNCTION headrace.move_script_drafts(old_path text, new_path text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  update draft d set path = new_path
  where d.workspace_id = current_workspace() and d.kind = 'script' and d.path = old_path
    and (is_workspace_admin()
         or (path_owner(old_path) = any (writable_owners()) and path_owner(new_path) = any (writable_owners())))
    and not exists (select from draft other
                    where other.workspace_id = d.workspace_id and other.kind = d.kind
                      and other.path = new_path and other.email = d.email)
$$;

CREATE FUNCTION headrace.own_identities() RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select string_to_array(nullif(current_setting('headrace.identities', true), ''), ',') $$;

CREATE FUNCTION headrace.owned_owners() RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select string_to_array(nullif(current_setting('headrace.owned', true), ''), ',') $$;

CREATE FUNCTION headrace.path_owner(path text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ select split_part(path, '/', 1) || '/' || split_part(path, '/', 2) $$;

CREATE FUNCTION headrace.place_in_line() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.queue_is_longer(wanted_tag text, most integer) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  select count(*) > most
  from (
    select from job_queue
    where tag = wanted_tag and workspace_id = current_workspace() and state = 'queued' and held is null
    limit most + 1
  ) as waiting
$$;

CREATE FUNCTION headrace.read_file_link_key() RETURNS bytea
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$ select key from file_link_key $$;

CREATE FUNCTION headrace.read_job_log(wanted_job uuid, wanted_attempt integer, from_start bigint, most_chunks integer) RETURNS TABLE(start bigint, chunk text, blob jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  with run as (
    select j.workspace_id, j.permissioned_as, j.created_by, j.owner, j.visible_to_runner_only
    from job j where j.id = wanted_job
    union all
    select h.workspace_id, h.permissioned_as, h.created_by, h.owner, h.visible_to_runner_only
    from job_id i join job_history h on h.completed_at = i.completed_at and h.id = i.id
    where i.id = wanted_job and not h.deleted
  ),
  visible as (
    select 1 from run
    where workspace_id = current_workspace()
      and (is_workspace_admin()
           or permissioned_as = any (own_identities())
           or created_by = current_username()
           or wanted_job = current_job()
           or (not visible_to_runner_only and owner = any (readable_owners())))
    limit 1
  ),
  block as (
    select last.start, last.blob
    from (select b.start, b.units, b.blob from job_log_block b
          where b.job_id = wanted_job and b.attempt = wanted_attempt and b.start <= from_start
          order by b.start desc limit 1) last
    where last.start + last.units > from_start and exists (select from visible)
  )
  select block.start, null::text, block.blob from block
  union all
  (select l.start, l.chunk, null::jsonb
   from job_log l
   where exists (select from visible) and not exists (select from block)
     and l.job_id = wanted_job and l.attempt = wanted_attempt
     and l.start >= coalesce((select max(p.start) from job_log p
                              where p.job_id = wanted_job and p.attempt = wanted_attempt
                                and p.start <= from_start), 0)
   order by l.start
   limit most_chunks)
$$;

CREATE FUNCTION headrace.read_job_stream(wanted_job uuid, wanted_attempt integer, from_start bigint, most_chunks integer) RETURNS TABLE(start bigint, chunk text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  with visible as (
    select 1 from job
    where id = wanted_job and workspace_id = current_workspace()
      and (is_workspace_admin()
           or permissioned_as = any (own_identities())
           or created_by = current_username()
           or wanted_job = current_job()
           or (not visible_to_runner_only and owner = any (readable_owners())))
  )
  select s.start, s.chunk
  from job_stream s
  where exists (select from visible)
    and s.job_id = wanted_job and s.attempt = wanted_attempt
    and s.start >= coalesce((select max(p.start) from job_stream p
                             where p.job_id = wanted_job and p.attempt = wanted_attempt
                               and p.start <= from_start), 0)
  order by s.start
  limit most_chunks
$$;

CREATE FUNCTION headrace.read_kept_result(wanted_hash text, wanted_identity text, wanted_key bytea, most_seconds integer) RETURNS bytea
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  select k.result
  from kept_result k join script s on s.workspace_id = k.workspace_id and s.hash = k.script_hash
  where k.workspace_id = current_workspace() and k.script_hash = wanted_hash
    and k.permissioned_as = wanted_identity and k.cache_key = wanted_key
    and k.expires_at > now() and k.kept_at > now() - make_interval(secs => most_seconds)
    and (is_workspace_admin()
         or (k.permissioned_as = any (own_identities()) and s.owner = any (readable_owners())))
$$;

CREATE FUNCTION headrace.read_linked_file(wanted_workspace text, wanted_key text, OUT blob jsonb, OUT content_type text) RETURNS SETOF record
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  select f.blob, f.content_type from workspace_file f join workspace w on w.id = f.workspace_id
  where f.workspace_id = wanted_workspace and f.key = wanted_key and not w.deleted
$$;

CREATE FUNCTION headrace.read_signing_keys() RETURNS TABLE(id text, private_pem text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$ select k.id, k.private_pem from signing_key k order by k.created_at desc, k.id $$;

CREATE FUNCTION headrace.readable_owners() RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select string_to_array(nullif(current_setting('headrace.readable', true), ''), ',') $$;

CREATE FUNCTION headrace.remove_group(wanted_name text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.remove_member(wanted_username text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.remove_runs(wanted_jobs uuid[]) RETURNS SETOF uuid
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.remove_user(wanted_email text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.restore_trashed_script(wanted_item bigint) RETURNS TABLE(hash text, path text, language text, is_locked boolean)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.schema_version() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$ select max(version) from schema_migration $$;

CREATE FUNCTION headrace.sees_all_workspaces() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select is_superadmin() and current_job() is null and coalesce(current_workspace(), 'admins') = 'admins'
$$;

CREATE FUNCTION headrace.set_own_password(new_hash text, kept_token bytea) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.set_password_of(wanted_email text, new_hash text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.settle_script_lock(ended_job uuid, new_lock text, new_error text) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
declare
  ended record;
begin
  select h.workspace_id, h.script_hash into ended
  from job_id i join job_history h on h.completed_at = i.completed_at and h.id = i.id
  where i.id = ended_job and h.kind = 'dependencies' and (h.status = 'success' or new_lock is null);
  update script s set lock = new_lock, lock_error = new_error
  where s.workspace_id = ended.workspace_id and s.hash = ended.script_hash
    and s.lock is null and s.lock_error is null;
  if not found then
    return;
  end if;
  -- A statement of its own, that sees what was enqueued while the one before waited: by transactions
  -- that may have begun, and so be due, after this one.
  return query
    with released as (
      update job_queue q set held = case when q.scheduled_for > clock_timestamp() then 'future' end
      from job j
      where q.held = 'lock' and j.id = q.id and j.workspace_id = ended.workspace_id
        and j.script_hash = ended.script_hash and j.kind = 'script'
      returning q.tag
    )
    select distinct tag from released;
end
$$;

CREATE FUNCTION headrace.trash_script(wanted_path text, wanted_hash text) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
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

CREATE FUNCTION headrace.username_of(wanted_workspace text, wanted_email text) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
begin
  return (select username from workspace_user where workspace_id = wanted_workspace and email = wanted_email);
end
$$;

CREATE FUNCTION headrace.uuid_v7() RETURNS uuid
    LANGUAGE sql PARALLEL SAFE
    AS $$
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
              placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
              from 1 for 6),
      52, 1), 53, 1), 'hex')::uuid
$$;

CREATE FUNCTION headrace.workspace_exists(wanted_workspace text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
begin
  return exists (select from workspace where id = wanted_workspace and not deleted);
end
$$;

CREATE FUNCTION headrace.workspaces_of_jobs(wanted_jobs uuid[], OUT id uuid, OUT workspace_id text) RETURNS SETOF record
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'headrace', 'pg_temp'
    AS $$
  select i.id, i.workspace_id from job_id i
  where i.id = any (wanted_jobs) and is_superadmin()
$$;

CREATE FUNCTION headrace.writable_owners() RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select string_to_array(nullif(current_setting('headrace.writable', true), ''), ',') $$;

CREATE TABLE headrace.audit (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    workspace_id text,
    username text NOT NULL,
    operation text NOT NULL,
    action_kind text NOT NULL,
    resource text,
    parameters jsonb
);

ALTER TABLE headrace.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME headrace.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE headrace.doubtful_blob (
    name text NOT NULL,
    workspace_id text NOT NULL,
    job_id uuid,
    attempt integer,
    due_at timestamp with time zone NOT NULL
);

CREATE TABLE headrace.draft (
    workspace_id text NOT NULL,
    kind text NOT NULL,
    path text NOT NULL,
    email text NOT NULL,
    username text NOT NULL,
    value text NOT NULL,
    base text,
    saved_at timestamp with time zone NOT NULL
);

CREATE TABLE headrace.environment_variable (
    workspace_id text NOT NULL,
    name text NOT NULL,
    value text NOT NULL
);

CREATE TABLE headrace.file_link_key (
    key bytea NOT NULL
);

CREATE TABLE headrace.folder (
    workspace_id text NOT NULL,
    name text NOT NULL,
    display_name text NOT NULL,
    summary text DEFAULT ''::text NOT NULL,
    owners text[] DEFAULT '{}'::text[] NOT NULL,
    extra_perms jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    edited_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE headrace.group_member (
    workspace_id text NOT NULL,
    group_name text NOT NULL,
    username text NOT NULL
);

CREATE TABLE headrace.idempotency_key (
    workspace_id text NOT NULL,
    caller text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    job_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE headrace.instance_user (
    email text NOT NULL,
    password_hash text,
    name text,
    super_admin boolean DEFAULT false NOT NULL,
    disabled boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    company text
);

CREATE TABLE headrace.job (
    id uuid NOT NULL,
    workspace_id text NOT NULL,
    kind text NOT NULL,
    path text,
    owner text GENERATED ALWAYS AS (headrace.path_owner(path)) STORED,
    script_hash text,
    language text,
    raw_code text,
    raw_lock text,
    args bytea NOT NULL,
    parent_job uuid,
    root_job uuid NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    scheduled_for timestamp with time zone NOT NULL,
    permissioned_as text NOT NULL,
    email text NOT NULL,
    tag text NOT NULL,
    priority smallint NOT NULL,
    timeout_seconds integer,
    restart_if_lost boolean DEFAULT true NOT NULL,
    visible_to_runner_only boolean DEFAULT false NOT NULL,
    is_flow_step boolean DEFAULT false NOT NULL,
    flow_step_id text,
    trigger_kind text,
    schedule_path text,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    entry text,
    preprocessed boolean,
    retry text,
    retry_number smallint DEFAULT 0 NOT NULL,
    cache_seconds integer,
    cache_key bytea,
    CONSTRAINT job_kind_check CHECK ((kind = ANY (ARRAY['script'::text, 'preview'::text, 'dependencies'::text, 'flow'::text, 'flowpreview'::text])))
);

CREATE TABLE headrace.job_history (
    id uuid NOT NULL,
    workspace_id text NOT NULL,
    kind text NOT NULL,
    path text,
    owner text,
    script_hash text,
    language text,
    raw_code text,
    raw_lock text,
    args bytea NOT NULL,
    parent_job uuid,
    root_job uuid NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    scheduled_for timestamp with time zone NOT NULL,
    permissioned_as text NOT NULL,
    email text NOT NULL,
    tag text NOT NULL,
    priority smallint NOT NULL,
    timeout_seconds integer,
    visible_to_runner_only boolean NOT NULL,
    is_flow_step boolean NOT NULL,
    flow_step_id text,
    trigger_kind text,
    schedule_path text,
    labels text[] NOT NULL,
    status text NOT NULL,
    result bytea NOT NULL,
    attempt integer NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone NOT NULL,
    duration_ms bigint NOT NULL,
    exit_code integer,
    peak_memory_kb integer,
    worker text,
    isolation text,
    canceled_by text,
    canceled_reason text,
    teardown jsonb,
    deleted boolean DEFAULT false NOT NULL,
    entry text,
    preprocessed boolean,
    progress smallint,
    result_blob jsonb,
    retry_number smallint DEFAULT 0 NOT NULL,
    resolved_at timestamp with time zone,
    resolved_by text,
    resolution_note text,
    CONSTRAINT job_history_status_check CHECK ((status = ANY (ARRAY['success'::text, 'failure'::text, 'canceled'::text, 'skipped'::text])))
)
PARTITION BY RANGE (completed_at);

CREATE TABLE headrace.job_id (
    id uuid NOT NULL,
    workspace_id text NOT NULL,
    completed_at timestamp with time zone
)
WITH (fillfactor='80');

CREATE TABLE headrace.job_label (
    workspace_id text NOT NULL,
    label text NOT NULL,
    completed_at timestamp with time zone NOT NULL,
    job_id uuid NOT NULL,
    owner text,
    permissioned_as text NOT NULL,
    created_by text NOT NULL,
    visible_to_runner_only boolean NOT NULL
);

CREATE TABLE headrace.job_log (
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    start bigint NOT NULL,
    chunk text NOT NULL
);

CREATE TABLE headrace.job_log_block (
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    start bigint NOT NULL,
    units bigint NOT NULL,
    blob jsonb NOT NULL
);

CREATE TABLE headrace.job_log_large (
    job_id uuid NOT NULL,
    attempt integer NOT NULL
);

CREATE TABLE headrace.job_queue (
    id uuid NOT NULL,
    workspace_id text NOT NULL,
    tag text NOT NULL,
    priority smallint NOT NULL,
    scheduled_for timestamp with time zone NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    held text,
    limit_key text,
    suspend integer DEFAULT 0 NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    losses smallint DEFAULT 0 NOT NULL,
    worker_session bigint,
    started_at timestamp with time zone,
    token_hash bytea,
    peak_memory_kb integer,
    canceled_by text,
    canceled_reason text,
    progress smallint,
    CONSTRAINT job_queue_held_check CHECK ((held = ANY (ARRAY['future'::text, 'lock'::text, 'limit'::text, 'quarantine'::text]))),
    CONSTRAINT job_queue_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'suspended'::text])))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.01', autovacuum_vacuum_threshold='500', autovacuum_vacuum_cost_delay='0');

CREATE TABLE headrace.job_raw_script (
    job_id uuid NOT NULL,
    path text NOT NULL,
    raw_script bigint NOT NULL
);

CREATE TABLE headrace.job_stream (
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    start bigint NOT NULL,
    chunk text NOT NULL
);

CREATE TABLE headrace.kept_result (
    workspace_id text NOT NULL,
    script_hash text NOT NULL,
    permissioned_as text NOT NULL,
    cache_key bytea NOT NULL,
    result bytea NOT NULL,
    job_id uuid NOT NULL,
    kept_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE headrace.raw_script (
    id bigint NOT NULL,
    workspace_id text NOT NULL,
    email text NOT NULL,
    hash text NOT NULL,
    content text NOT NULL,
    stored_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE headrace.raw_script ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME headrace.raw_script_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE headrace.relock_cause (
    id bigint NOT NULL,
    workspace_id text NOT NULL,
    imported_path text NOT NULL,
    caused_by text NOT NULL,
    only_failed boolean NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE headrace.relock_cause ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME headrace.relock_cause_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE headrace.resource (
    workspace_id text NOT NULL,
    path text NOT NULL,
    owner text GENERATED ALWAYS AS (headrace.path_owner(path)) STORED NOT NULL,
    value text,
    resource_type text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    extra_perms jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    edited_at timestamp with time zone DEFAULT now() NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    edited_by text
);

CREATE TABLE headrace.resource_type (
    workspace_id text NOT NULL,
    name text NOT NULL,
    schema text,
    description text DEFAULT ''::text NOT NULL,
    display_name text,
    format_extension text,
    is_fileset boolean DEFAULT false NOT NULL,
    created_by text NOT NULL,
    edited_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE headrace.schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE headrace.script (
    workspace_id text NOT NULL,
    hash text NOT NULL,
    path text NOT NULL,
    owner text GENERATED ALWAYS AS (headrace.path_owner(path)) STORED NOT NULL,
    parent_hash text,
    summary text DEFAULT ''::text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    content text NOT NULL,
    language text NOT NULL,
    kind text DEFAULT 'script'::text NOT NULL,
    schema text,
    lock text,
    lock_error text,
    lock_job uuid,
    is_library boolean DEFAULT false NOT NULL,
    deployment_message text,
    extra_perms jsonb DEFAULT '{}'::jsonb NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    archived boolean DEFAULT false NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    line text,
    number integer,
    error_handler_muted boolean,
    trash_id bigint,
    has_preprocessor boolean DEFAULT false NOT NULL
);

CREATE TABLE headrace.script_import (
    workspace_id text NOT NULL,
    importer_kind text DEFAULT 'script'::text NOT NULL,
    importer_path text NOT NULL,
    owner text GENERATED ALWAYS AS (headrace.path_owner(importer_path)) STORED NOT NULL,
    imported_path text NOT NULL,
    CONSTRAINT script_import_importer_kind_check CHECK ((importer_kind = ANY (ARRAY['script'::text, 'flow'::text, 'app'::text])))
);

CREATE TABLE headrace.script_relock (
    workspace_id text NOT NULL,
    path text NOT NULL,
    owner text GENERATED ALWAYS AS (headrace.path_owner(path)) STORED NOT NULL,
    permissioned_as text,
    email text,
    state text,
    because text,
    caused_by text,
    wanted_at timestamp with time zone,
    ended_at timestamp with time zone,
    job uuid,
    version text,
    message text,
    CONSTRAINT script_relock_state_check CHECK ((state = ANY (ARRAY['wanted'::text, 'running'::text, 'changed'::text, 'unchanged'::text, 'failed'::text, 'left'::text])))
);

CREATE TABLE headrace.signing_key (
    id text NOT NULL,
    private_pem text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE headrace.token (
    hash bytea NOT NULL,
    prefix text NOT NULL,
    email text NOT NULL,
    workspace_id text,
    label text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    scopes text[],
    read_only boolean DEFAULT false NOT NULL,
    is_session boolean DEFAULT false NOT NULL
);

CREATE TABLE headrace.trash (
    id bigint NOT NULL,
    workspace_id text NOT NULL,
    item_kind text NOT NULL,
    item_path text NOT NULL,
    deleted_by text NOT NULL,
    deleted_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone DEFAULT (now() + '3 days'::interval) NOT NULL
);

ALTER TABLE headrace.trash ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME headrace.trash_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE headrace.variable (
    workspace_id text NOT NULL,
    path text NOT NULL,
    owner text GENERATED ALWAYS AS (headrace.path_owner(path)) STORED NOT NULL,
    value text NOT NULL,
    is_secret boolean NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    extra_perms jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    edited_by text NOT NULL,
    edited_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE headrace.worker_session (
    id bigint NOT NULL,
    worker text NOT NULL,
    worker_group text NOT NULL,
    host text NOT NULL,
    tags text[] NOT NULL,
    slots integer NOT NULL,
    version text NOT NULL,
    isolation text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    renewed_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    draining boolean DEFAULT false NOT NULL,
    ended_at timestamp with time zone,
    lost boolean DEFAULT false NOT NULL
)
WITH (fillfactor='70');

ALTER TABLE headrace.worker_session ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME headrace.worker_session_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE headrace.workspace (
    id text NOT NULL,
    name text NOT NULL,
    owner text NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    color text
);

CREATE TABLE headrace.workspace_dependencies (
    id bigint NOT NULL,
    workspace_id text NOT NULL,
    language text NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    content text NOT NULL,
    archived boolean DEFAULT false NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE headrace.workspace_dependencies ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME headrace.workspace_dependencies_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE headrace.workspace_file (
    workspace_id text NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    blob jsonb NOT NULL,
    content_type text,
    created_by text NOT NULL,
    edited_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE headrace.workspace_group (
    workspace_id text NOT NULL,
    name text NOT NULL,
    summary text DEFAULT ''::text NOT NULL,
    extra_perms jsonb DEFAULT '{}'::jsonb NOT NULL
);

CREATE TABLE headrace.workspace_key (
    workspace_id text NOT NULL,
    wrapped bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE headrace.workspace_user (
    workspace_id text NOT NULL,
    username text NOT NULL,
    email text NOT NULL,
    is_admin boolean DEFAULT false NOT NULL,
    operator boolean DEFAULT false NOT NULL,
    disabled boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY headrace.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY headrace.doubtful_blob
    ADD CONSTRAINT doubtful_blob_pkey PRIMARY KEY (name);

ALTER TABLE ONLY headrace.draft
    ADD CONSTRAINT draft_pkey PRIMARY KEY (workspace_id, kind, path, email);

ALTER TABLE ONLY headrace.environment_variable
    ADD CONSTRAINT environment_variable_pkey PRIMARY KEY (workspace_id, name);

ALTER TABLE ONLY headrace.folder
    ADD CONSTRAINT folder_pkey PRIMARY KEY (workspace_id, name);

ALTER TABLE ONLY headrace.group_member
    ADD CONSTRAINT group_member_pkey PRIMARY KEY (workspace_id, group_name, username);

ALTER TABLE ONLY headrace.idempotency_key
    ADD CONSTRAINT idempotency_key_pkey PRIMARY KEY (workspace_id, caller, route, key);

ALTER TABLE ONLY headrace.instance_user
    ADD CONSTRAINT instance_user_pkey PRIMARY KEY (email);

ALTER TABLE ONLY headrace.job_history
    ADD CONSTRAINT job_history_pkey PRIMARY KEY (completed_at, id);

ALTER TABLE ONLY headrace.job_id
    ADD CONSTRAINT job_id_pkey PRIMARY KEY (id);

ALTER TABLE ONLY headrace.job_label
    ADD CONSTRAINT job_label_pkey PRIMARY KEY (workspace_id, label, completed_at, job_id);

ALTER TABLE ONLY headrace.job_log_block
    ADD CONSTRAINT job_log_block_pkey PRIMARY KEY (job_id, attempt, start);

ALTER TABLE ONLY headrace.job_log_large
    ADD CONSTRAINT job_log_large_pkey PRIMARY KEY (job_id, attempt);

ALTER TABLE ONLY headrace.job_log
    ADD CONSTRAINT job_log_pkey PRIMARY KEY (job_id, attempt, start);

ALTER TABLE ONLY headrace.job
    ADD CONSTRAINT job_pkey PRIMARY KEY (id);

ALTER TABLE ONLY headrace.job_queue
    ADD CONSTRAINT job_queue_pkey PRIMARY KEY (id);

ALTER TABLE ONLY headrace.job_raw_script
    ADD CONSTRAINT job_raw_script_pkey PRIMARY KEY (job_id, path);

ALTER TABLE ONLY headrace.job_stream
    ADD CONSTRAINT job_stream_pkey PRIMARY KEY (job_id, attempt, start);

ALTER TABLE ONLY headrace.kept_result
    ADD CONSTRAINT kept_result_pkey PRIMARY KEY (workspace_id, script_hash, permissioned_as, cache_key);

ALTER TABLE ONLY headrace.raw_script
    ADD CONSTRAINT raw_script_pkey PRIMARY KEY (id);

ALTER TABLE ONLY headrace.raw_script
    ADD CONSTRAINT raw_script_workspace_id_email_hash_key UNIQUE (workspace_id, email, hash);

ALTER TABLE ONLY headrace.relock_cause
    ADD CONSTRAINT relock_cause_pkey PRIMARY KEY (id);

ALTER TABLE ONLY headrace.resource
    ADD CONSTRAINT resource_pkey PRIMARY KEY (workspace_id, path);

ALTER TABLE ONLY headrace.resource_type
    ADD CONSTRAINT resource_type_pkey PRIMARY KEY (workspace_id, name);

ALTER TABLE ONLY headrace.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);

ALTER TABLE ONLY headrace.script_import
    ADD CONSTRAINT script_import_pkey PRIMARY KEY (workspace_id, importer_kind, importer_path, imported_path);

ALTER TABLE ONLY headrace.script
    ADD CONSTRAINT script_pkey PRIMARY KEY (workspace_id, hash);

ALTER TABLE ONLY headrace.script_relock
    ADD CONSTRAINT script_relock_pkey PRIMARY KEY (workspace_id, path);

ALTER TABLE ONLY headrace.signing_key
    ADD CONSTRAINT signing_key_pkey PRIMARY KEY (id);

ALTER TABLE ONLY headrace.token
    ADD CONSTRAINT token_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY headrace.trash
    ADD CONSTRAINT trash_pkey PRIMARY KEY (id);

ALTER TABLE ONLY headrace.variable
    ADD CONSTRAINT variable_pkey PRIMARY KEY (workspace_id, path);

ALTER TABLE ONLY headrace.worker_session
    ADD CONSTRAINT worker_session_pkey PRIMARY KEY (id);

ALTER TABLE ONLY headrace.workspace_dependencies
    ADD CONSTRAINT workspace_dependencies_pkey PRIMARY KEY (id);

ALTER TABLE ONLY headrace.workspace_file
    ADD CONSTRAINT workspace_file_pkey PRIMARY KEY (workspace_id, key);

ALTER TABLE ONLY headrace.workspace_group
    ADD CONSTRAINT workspace_group_pkey PRIMARY KEY (workspace_id, name);

ALTER TABLE ONLY headrace.workspace_key
    ADD CONSTRAINT workspace_key_pkey PRIMARY KEY (workspace_id);

ALTER TABLE ONLY headrace.workspace
    ADD CONSTRAINT workspace_pkey PRIMARY KEY (id);

ALTER TABLE ONLY headrace.workspace_user
    ADD CONSTRAINT workspace_user_pkey PRIMARY KEY (workspace_id, username);

ALTER TABLE ONLY headrace.workspace_user
    ADD CONSTRAINT workspace_user_workspace_id_email_key UNIQUE (workspace_id, email);

CREATE INDEX audit_by_id ON headrace.audit USING btree (workspace_id, id DESC);

CREATE INDEX audit_by_time ON headrace.audit USING btree (workspace_id, at DESC);

CREATE INDEX doubtful_blob_due ON headrace.doubtful_blob USING btree (due_at);

CREATE INDEX draft_by_user ON headrace.draft USING btree (workspace_id, email, kind, path);

CREATE INDEX idempotency_key_age ON headrace.idempotency_key USING btree (created_at);

CREATE UNIQUE INDEX instance_user_by_folded_email ON headrace.instance_user USING btree (lower(email));

CREATE INDEX job_by_parent ON headrace.job USING btree (parent_job) WHERE (parent_job IS NOT NULL);

CREATE INDEX job_by_path ON headrace.job USING btree (workspace_id, path, created_at DESC, id DESC) WHERE (path IS NOT NULL);

CREATE INDEX job_by_time ON headrace.job USING btree (workspace_id, created_at DESC, id);

CREATE INDEX job_history_by_creator ON ONLY headrace.job_history USING btree (workspace_id, created_by, created_at DESC, id DESC);

CREATE INDEX job_history_by_kind ON ONLY headrace.job_history USING btree (workspace_id, kind, created_at DESC, id DESC) WHERE (kind <> 'script'::text);

CREATE INDEX job_history_by_parent ON ONLY headrace.job_history USING btree (parent_job) WHERE (parent_job IS NOT NULL);

CREATE INDEX job_history_by_path ON ONLY headrace.job_history USING btree (workspace_id, path, created_at DESC, id DESC) WHERE (path IS NOT NULL);

CREATE INDEX job_history_by_schedule ON ONLY headrace.job_history USING btree (workspace_id, schedule_path, created_at DESC, id DESC) WHERE (schedule_path IS NOT NULL);

CREATE INDEX job_history_by_status ON ONLY headrace.job_history USING btree (workspace_id, status, created_at DESC, id DESC) WHERE (status <> 'success'::text);

CREATE INDEX job_history_by_tag ON ONLY headrace.job_history USING btree (workspace_id, tag, created_at DESC, id DESC);

CREATE INDEX job_history_by_time ON ONLY headrace.job_history USING btree (workspace_id, created_at DESC, id);

CREATE INDEX job_history_by_trigger ON ONLY headrace.job_history USING btree (workspace_id, trigger_kind, created_at DESC, id DESC) WHERE (trigger_kind IS NOT NULL);

CREATE INDEX job_history_by_version ON ONLY headrace.job_history USING btree (workspace_id, script_hash, created_at DESC, id DESC) WHERE (script_hash IS NOT NULL);

CREATE INDEX job_history_by_worker ON ONLY headrace.job_history USING btree (workspace_id, worker, created_at DESC, id DESC) WHERE (worker IS NOT NULL);

CREATE INDEX job_history_resolved ON ONLY headrace.job_history USING btree (workspace_id, created_at DESC, id DESC) WHERE (resolved_at IS NOT NULL);

CREATE INDEX job_queue_claim ON headrace.job_queue USING btree (tag, priority DESC, scheduled_for, id) WHERE ((state = 'queued'::text) AND (held IS NULL));

CREATE INDEX job_queue_future ON headrace.job_queue USING btree (scheduled_for) WHERE (held = 'future'::text);

CREATE INDEX job_queue_held ON headrace.job_queue USING btree (held, id) WHERE (held = ANY (ARRAY['lock'::text, 'limit'::text, 'quarantine'::text]));

CREATE INDEX job_queue_running ON headrace.job_queue USING btree (worker_session) WHERE (state = 'running'::text);

CREATE INDEX job_queue_workspace ON headrace.job_queue USING btree (workspace_id, state);

CREATE INDEX job_raw_script_by_raw_script ON headrace.job_raw_script USING btree (raw_script);

CREATE INDEX kept_result_age ON headrace.kept_result USING btree (expires_at);

CREATE INDEX kept_result_by_job ON headrace.kept_result USING btree (job_id);

CREATE UNIQUE INDEX script_head ON headrace.script USING btree (workspace_id, path) WHERE ((NOT archived) AND (NOT deleted));

CREATE INDEX script_heads_by_time ON headrace.script USING btree (workspace_id, created_at DESC, hash) WHERE ((NOT archived) AND (NOT deleted));

CREATE INDEX script_import_by_imported ON headrace.script_import USING btree (workspace_id, imported_path);

CREATE UNIQUE INDEX script_line ON headrace.script USING btree (workspace_id, line, number);

CREATE UNIQUE INDEX script_lineage ON headrace.script USING btree (workspace_id, parent_hash) WHERE (parent_hash IS NOT NULL);

CREATE INDEX script_relock_by_job ON headrace.script_relock USING btree (job) WHERE (job IS NOT NULL);

CREATE INDEX script_relock_wanted ON headrace.script_relock USING btree (wanted_at) WHERE (state = 'wanted'::text);

CREATE INDEX script_trashed ON headrace.script USING btree (trash_id) WHERE (trash_id IS NOT NULL);

CREATE INDEX script_versions ON headrace.script USING btree (workspace_id, path, created_at DESC);

CREATE INDEX trash_by_time ON headrace.trash USING btree (workspace_id, deleted_at DESC, id DESC);

CREATE INDEX trash_expiry ON headrace.trash USING btree (expires_at);

CREATE INDEX worker_session_live ON headrace.worker_session USING btree (expires_at) WHERE (ended_at IS NULL);

CREATE UNIQUE INDEX workspace_dependencies_newest ON headrace.workspace_dependencies USING btree (workspace_id, language, name) WHERE (NOT archived);

CREATE INDEX workspace_file_blob ON headrace.workspace_file USING btree (((blob ->> 'name'::text)));

CREATE UNIQUE INDEX workspace_user_by_folded_name ON headrace.workspace_user USING btree (workspace_id, lower(username));

CREATE TRIGGER doubt_blob AFTER DELETE OR UPDATE OF result_blob, deleted ON headrace.job_history FOR EACH ROW EXECUTE FUNCTION headrace.doubt_blob_of_job();

CREATE TRIGGER doubt_blob AFTER DELETE ON headrace.job_log_block FOR EACH ROW EXECUTE FUNCTION headrace.doubt_blob_of_log();

CREATE TRIGGER doubt_blob AFTER DELETE OR UPDATE OF blob ON headrace.workspace_file FOR EACH ROW EXECUTE FUNCTION headrace.doubt_blob_of_file();

CREATE TRIGGER let_go_of_blob BEFORE UPDATE OF deleted ON headrace.job_history FOR EACH ROW WHEN ((new.deleted AND (NOT old.deleted))) EXECUTE FUNCTION headrace.let_go_of_blob();

CREATE TRIGGER place_in_line BEFORE INSERT ON headrace.script FOR EACH ROW EXECUTE FUNCTION headrace.place_in_line();

ALTER TABLE ONLY headrace.draft
    ADD CONSTRAINT draft_email_fkey FOREIGN KEY (email) REFERENCES headrace.instance_user(email);

ALTER TABLE ONLY headrace.draft
    ADD CONSTRAINT draft_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.environment_variable
    ADD CONSTRAINT environment_variable_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.folder
    ADD CONSTRAINT folder_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.group_member
    ADD CONSTRAINT group_member_workspace_id_group_name_fkey FOREIGN KEY (workspace_id, group_name) REFERENCES headrace.workspace_group(workspace_id, name);

ALTER TABLE ONLY headrace.group_member
    ADD CONSTRAINT group_member_workspace_id_username_fkey FOREIGN KEY (workspace_id, username) REFERENCES headrace.workspace_user(workspace_id, username);

ALTER TABLE ONLY headrace.job_raw_script
    ADD CONSTRAINT job_raw_script_raw_script_fkey FOREIGN KEY (raw_script) REFERENCES headrace.raw_script(id);

ALTER TABLE ONLY headrace.raw_script
    ADD CONSTRAINT raw_script_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.relock_cause
    ADD CONSTRAINT relock_cause_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.resource_type
    ADD CONSTRAINT resource_type_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.resource
    ADD CONSTRAINT resource_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.script_import
    ADD CONSTRAINT script_import_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.script_relock
    ADD CONSTRAINT script_relock_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.script
    ADD CONSTRAINT script_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.token
    ADD CONSTRAINT token_email_fkey FOREIGN KEY (email) REFERENCES headrace.instance_user(email);

ALTER TABLE ONLY headrace.token
    ADD CONSTRAINT token_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.trash
    ADD CONSTRAINT trash_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.variable
    ADD CONSTRAINT variable_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.workspace_dependencies
    ADD CONSTRAINT workspace_dependencies_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.workspace_file
    ADD CONSTRAINT workspace_file_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.workspace_group
    ADD CONSTRAINT workspace_group_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.workspace_key
    ADD CONSTRAINT workspace_key_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

ALTER TABLE ONLY headrace.workspace_user
    ADD CONSTRAINT workspace_user_email_fkey FOREIGN KEY (email) REFERENCES headrace.instance_user(email);

ALTER TABLE ONLY headrace.workspace_user
    ADD CONSTRAINT workspace_user_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES headrace.workspace(id);

CREATE POLICY admin_adds ON headrace.group_member FOR INSERT TO headrace_server WITH CHECK ((( SELECT headrace.is_superadmin() AS is_superadmin) OR ((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.is_workspace_admin() AS is_workspace_admin))));

CREATE POLICY admin_adds ON headrace.workspace_group FOR INSERT TO headrace_server WITH CHECK ((( SELECT headrace.is_superadmin() AS is_superadmin) OR ((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.is_workspace_admin() AS is_workspace_admin))));

CREATE POLICY admin_adds ON headrace.workspace_user FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.is_workspace_admin() AS is_workspace_admin)));

CREATE POLICY admin_changes ON headrace.workspace FOR UPDATE TO headrace_server USING ((( SELECT headrace.is_superadmin() AS is_superadmin) OR ((id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.is_workspace_admin() AS is_workspace_admin))));

CREATE POLICY admin_changes ON headrace.workspace_user FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.is_workspace_admin() AS is_workspace_admin)));

CREATE POLICY admins ON headrace.trash FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.is_workspace_admin() AS is_workspace_admin)));

CREATE POLICY admins_add ON headrace.environment_variable FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.is_workspace_admin() AS is_workspace_admin)));

CREATE POLICY admins_add ON headrace.workspace_dependencies FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.is_workspace_admin() AS is_workspace_admin)));

CREATE POLICY admins_change ON headrace.environment_variable FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.is_workspace_admin() AS is_workspace_admin)));

CREATE POLICY admins_change ON headrace.workspace_dependencies FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.is_workspace_admin() AS is_workspace_admin)));

CREATE POLICY admins_change ON headrace.workspace_key FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.is_workspace_admin() AS is_workspace_admin) AND (( SELECT headrace.current_job() AS current_job) IS NULL)));

CREATE POLICY admins_remove ON headrace.environment_variable FOR DELETE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.is_workspace_admin() AS is_workspace_admin)));

CREATE POLICY admins_remove ON headrace.workspace_dependencies FOR DELETE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.is_workspace_admin() AS is_workspace_admin)));

CREATE POLICY append ON headrace.audit FOR INSERT TO headrace_server WITH CHECK (((workspace_id IS NULL) OR (workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) OR ( SELECT headrace.is_superadmin() AS is_superadmin)));

CREATE POLICY as_oneself ON headrace.job FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (created_by = ( SELECT headrace.current_username() AS current_username)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (permissioned_as = ANY (( SELECT headrace.own_identities() AS own_identities)::text[])))));

CREATE POLICY as_oneself ON headrace.script_relock FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR ((headrace.path_owner(path) = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])) AND (permissioned_as = ANY (( SELECT headrace.own_identities() AS own_identities)::text[]))))));

CREATE POLICY as_oneself_again ON headrace.script_relock FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[]))))) WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR ((headrace.path_owner(path) = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])) AND (permissioned_as = ANY (( SELECT headrace.own_identities() AS own_identities)::text[]))))));

ALTER TABLE headrace.audit ENABLE ROW LEVEL SECURITY;

CREATE POLICY developers ON headrace.workspace_file TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.may_use_files() AS may_use_files))) WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND ( SELECT headrace.may_use_files() AS may_use_files)));

ALTER TABLE headrace.doubtful_blob ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.draft ENABLE ROW LEVEL SECURITY;

CREATE POLICY enders ON headrace.job FOR DELETE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (permissioned_as = ANY (( SELECT headrace.own_identities() AS own_identities)::text[])) OR (created_by = ( SELECT headrace.current_username() AS current_username)) OR (owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY enders ON headrace.job_history FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (permissioned_as = ANY (( SELECT headrace.own_identities() AS own_identities)::text[])) OR (created_by = ( SELECT headrace.current_username() AS current_username)) OR (owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY enders ON headrace.job_label FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (permissioned_as = ANY (( SELECT headrace.own_identities() AS own_identities)::text[])) OR (created_by = ( SELECT headrace.current_username() AS current_username)) OR (owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY enders ON headrace.job_queue FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (EXISTS ( SELECT
   FROM headrace.job
  WHERE ((job.id = job_queue.id) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (job.permissioned_as = ANY (( SELECT headrace.own_identities() AS own_identities)::text[])) OR (job.created_by = ( SELECT headrace.current_username() AS current_username)) OR (job.owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[]))))))));

CREATE POLICY enders_change ON headrace.job FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (permissioned_as = ANY (( SELECT headrace.own_identities() AS own_identities)::text[])) OR (created_by = ( SELECT headrace.current_username() AS current_username)) OR (owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY enders_remove ON headrace.job_queue FOR DELETE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (EXISTS ( SELECT
   FROM headrace.job
  WHERE ((job.id = job_queue.id) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (job.permissioned_as = ANY (( SELECT headrace.own_identities() AS own_identities)::text[])) OR (job.created_by = ( SELECT headrace.current_username() AS current_username)) OR (job.owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[]))))))));

CREATE POLICY enqueuers ON headrace.job_queue FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (state = 'queued'::text)));

ALTER TABLE headrace.environment_variable ENABLE ROW LEVEL SECURITY;

CREATE POLICY expired ON headrace.idempotency_key TO headrace_worker USING ((created_at < (now() - '24:00:00'::interval)));

CREATE POLICY expired ON headrace.token TO headrace_worker USING ((expires_at < now()));

ALTER TABLE headrace.file_link_key ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.folder ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.group_member ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.idempotency_key ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.instance_user ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.job ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.job_history ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.job_id ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.job_label ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.job_log ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.job_log_block ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.job_log_large ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.job_queue ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.job_raw_script ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.job_stream ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.kept_result ENABLE ROW LEVEL SECURITY;

CREATE POLICY makers_change ON headrace.resource_type FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (created_by = ( SELECT headrace.current_username() AS current_username)))));

CREATE POLICY makers_remove ON headrace.resource_type FOR DELETE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (created_by = ( SELECT headrace.current_username() AS current_username)))));

CREATE POLICY managers_add ON headrace.group_member FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (('g/'::text || group_name) = ANY (( SELECT headrace.owned_owners() AS owned_owners)::text[]))));

CREATE POLICY managers_change ON headrace.workspace_group FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (('g/'::text || name) = ANY (( SELECT headrace.owned_owners() AS owned_owners)::text[])))));

CREATE POLICY managers_remove ON headrace.group_member FOR DELETE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (group_name <> 'all'::text) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (('g/'::text || group_name) = ANY (( SELECT headrace.owned_owners() AS owned_owners)::text[])))));

CREATE POLICY member_adds ON headrace.folder FOR INSERT TO headrace_server WITH CHECK ((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)));

CREATE POLICY member_reads ON headrace.folder FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (('f/'::text || name) = ANY (( SELECT headrace.readable_owners() AS readable_owners)::text[])))));

CREATE POLICY member_reads ON headrace.group_member FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) OR ( SELECT headrace.is_superadmin() AS is_superadmin)));

CREATE POLICY member_reads ON headrace.workspace FOR SELECT TO headrace_server USING ((( SELECT headrace.is_superadmin() AS is_superadmin) OR (id IN ( SELECT workspace_user.workspace_id
   FROM headrace.workspace_user
  WHERE (workspace_user.email = ( SELECT headrace.current_email() AS current_email))))));

CREATE POLICY member_reads ON headrace.workspace_group FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) OR ( SELECT headrace.is_superadmin() AS is_superadmin)));

CREATE POLICY member_reads ON headrace.workspace_user FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) OR (email = ( SELECT headrace.current_email() AS current_email)) OR ( SELECT headrace.is_superadmin() AS is_superadmin)));

CREATE POLICY members_add ON headrace.resource_type FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (created_by = ( SELECT headrace.current_username() AS current_username))));

CREATE POLICY members_add ON headrace.workspace_key FOR INSERT TO headrace_server WITH CHECK ((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)));

CREATE POLICY members_read ON headrace.environment_variable FOR SELECT TO headrace_server USING ((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)));

CREATE POLICY members_read ON headrace.resource_type FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) OR ((workspace_id = 'admins'::text) AND (( SELECT headrace.current_workspace() AS current_workspace) IS NOT NULL))));

CREATE POLICY members_read ON headrace.workspace_dependencies FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) OR ( SELECT headrace.is_superadmin() AS is_superadmin)));

CREATE POLICY members_read ON headrace.workspace_key FOR SELECT TO headrace_server USING ((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)));

CREATE POLICY own ON headrace.idempotency_key TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (caller = ( SELECT headrace.current_username() AS current_username)))) WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (caller = ( SELECT headrace.current_username() AS current_username))));

CREATE POLICY own ON headrace.job_raw_script FOR INSERT TO headrace_server WITH CHECK ((EXISTS ( SELECT
   FROM headrace.raw_script r
  WHERE (r.id = job_raw_script.raw_script))));

CREATE POLICY own ON headrace.raw_script TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (email = ( SELECT headrace.current_email() AS current_email)))) WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (email = ( SELECT headrace.current_email() AS current_email))));

CREATE POLICY own ON headrace.token TO headrace_server USING (((email = ( SELECT headrace.current_email() AS current_email)) AND (( SELECT headrace.current_job() AS current_job) IS NULL))) WITH CHECK (((email = ( SELECT headrace.current_email() AS current_email)) AND (( SELECT headrace.current_job() AS current_job) IS NULL)));

CREATE POLICY own_adds ON headrace.draft FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.current_job() AS current_job) IS NULL) AND (email = ( SELECT headrace.current_email() AS current_email))));

CREATE POLICY own_changes ON headrace.draft FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.current_job() AS current_job) IS NULL) AND (email = ( SELECT headrace.current_email() AS current_email))));

CREATE POLICY own_or_admin ON headrace.audit FOR SELECT TO headrace_server USING ((( SELECT headrace.is_superadmin() AS is_superadmin) OR ((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (username = ( SELECT headrace.current_username() AS current_username))))));

CREATE POLICY own_or_admin ON headrace.draft FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.current_job() AS current_job) IS NULL) AND ((email = ( SELECT headrace.current_email() AS current_email)) OR (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) AND (kind = ANY (ARRAY['script'::text, 'flow'::text, 'app'::text, 'raw_app'::text]))))));

CREATE POLICY own_or_admin_deletes ON headrace.draft FOR DELETE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.current_job() AS current_job) IS NULL) AND ((email = ( SELECT headrace.current_email() AS current_email)) OR (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) AND (kind = ANY (ARRAY['script'::text, 'flow'::text, 'app'::text, 'raw_app'::text]))))));

CREATE POLICY owners_change ON headrace.folder FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (('f/'::text || name) = ANY (( SELECT headrace.owned_owners() AS owned_owners)::text[])))));

CREATE POLICY owners_remove ON headrace.folder FOR DELETE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (('f/'::text || name) = ANY (( SELECT headrace.owned_owners() AS owned_owners)::text[])))));

ALTER TABLE headrace.raw_script ENABLE ROW LEVEL SECURITY;

CREATE POLICY readers ON headrace.resource FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (owner = ANY (( SELECT headrace.readable_owners() AS readable_owners)::text[])))));

CREATE POLICY readers ON headrace.script FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR ((NOT deleted) AND (owner = ANY (( SELECT headrace.readable_owners() AS readable_owners)::text[]))))));

CREATE POLICY readers ON headrace.script_import FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (owner = ANY (( SELECT headrace.readable_owners() AS readable_owners)::text[])))));

CREATE POLICY readers ON headrace.script_relock FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (owner = ANY (( SELECT headrace.readable_owners() AS readable_owners)::text[])))));

CREATE POLICY readers ON headrace.variable FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (owner = ANY (( SELECT headrace.readable_owners() AS readable_owners)::text[])))));

ALTER TABLE headrace.relock_cause ENABLE ROW LEVEL SECURITY;

CREATE POLICY resolvers ON headrace.job_history FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (permissioned_as = ANY (( SELECT headrace.own_identities() AS own_identities)::text[])) OR (created_by = ( SELECT headrace.current_username() AS current_username)) OR (owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

ALTER TABLE headrace.resource ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.resource_type ENABLE ROW LEVEL SECURITY;

CREATE POLICY same_workspace ON headrace.doubtful_blob TO headrace_server USING ((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace))) WITH CHECK ((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)));

CREATE POLICY same_workspace ON headrace.job_id TO headrace_server USING ((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace))) WITH CHECK ((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)));

ALTER TABLE headrace.script ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.script_import ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.script_relock ENABLE ROW LEVEL SECURITY;

CREATE POLICY self_or_superadmin ON headrace.instance_user TO headrace_server USING (((email = ( SELECT headrace.current_email() AS current_email)) OR ( SELECT headrace.is_superadmin() AS is_superadmin))) WITH CHECK (( SELECT headrace.is_superadmin() AS is_superadmin));

CREATE POLICY signed_in ON headrace.worker_session FOR SELECT TO headrace_server USING ((( SELECT headrace.current_email() AS current_email) IS NOT NULL));

ALTER TABLE headrace.signing_key ENABLE ROW LEVEL SECURITY;

CREATE POLICY superadmin_adds ON headrace.workspace FOR INSERT TO headrace_server WITH CHECK (( SELECT headrace.is_superadmin() AS is_superadmin));

CREATE POLICY superadmin_adds ON headrace.workspace_user FOR INSERT TO headrace_server WITH CHECK (( SELECT headrace.is_superadmin() AS is_superadmin));

CREATE POLICY superadmin_sees_all ON headrace.job FOR SELECT TO headrace_server USING (( SELECT headrace.sees_all_workspaces() AS sees_all_workspaces));

CREATE POLICY superadmin_sees_all ON headrace.job_history FOR SELECT TO headrace_server USING (( SELECT headrace.sees_all_workspaces() AS sees_all_workspaces));

CREATE POLICY superadmin_sees_all ON headrace.job_label FOR SELECT TO headrace_server USING (( SELECT headrace.sees_all_workspaces() AS sees_all_workspaces));

CREATE POLICY superadmin_sees_all ON headrace.job_queue FOR SELECT TO headrace_server USING (( SELECT headrace.sees_all_workspaces() AS sees_all_workspaces));

ALTER TABLE headrace.token ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.trash ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.variable ENABLE ROW LEVEL SECURITY;

CREATE POLICY viewers ON headrace.job FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (permissioned_as = ANY (( SELECT headrace.own_identities() AS own_identities)::text[])) OR (created_by = ( SELECT headrace.current_username() AS current_username)) OR (id = ( SELECT headrace.current_job() AS current_job)) OR ((NOT visible_to_runner_only) AND (owner = ANY (( SELECT headrace.readable_owners() AS readable_owners)::text[]))))));

CREATE POLICY viewers ON headrace.job_history FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (permissioned_as = ANY (( SELECT headrace.own_identities() AS own_identities)::text[])) OR (created_by = ( SELECT headrace.current_username() AS current_username)) OR ((NOT visible_to_runner_only) AND (owner = ANY (( SELECT headrace.readable_owners() AS readable_owners)::text[]))))));

CREATE POLICY viewers ON headrace.job_label FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (permissioned_as = ANY (( SELECT headrace.own_identities() AS own_identities)::text[])) OR (created_by = ( SELECT headrace.current_username() AS current_username)) OR ((NOT visible_to_runner_only) AND (owner = ANY (( SELECT headrace.readable_owners() AS readable_owners)::text[]))))));

CREATE POLICY viewers ON headrace.job_queue FOR SELECT TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (EXISTS ( SELECT
   FROM headrace.job
  WHERE (job.id = job_queue.id)))));

ALTER TABLE headrace.worker_session ENABLE ROW LEVEL SECURITY;

CREATE POLICY workers ON headrace.audit FOR INSERT TO headrace_worker WITH CHECK (true);

CREATE POLICY workers ON headrace.doubtful_blob TO headrace_worker USING (true) WITH CHECK (true);

CREATE POLICY workers ON headrace.environment_variable FOR SELECT TO headrace_worker USING (true);

CREATE POLICY workers ON headrace.job TO headrace_worker USING (true) WITH CHECK (true);

CREATE POLICY workers ON headrace.job_history TO headrace_worker USING (true) WITH CHECK (true);

CREATE POLICY workers ON headrace.job_id TO headrace_worker USING (true) WITH CHECK (true);

CREATE POLICY workers ON headrace.job_label TO headrace_worker USING (true) WITH CHECK (true);

CREATE POLICY workers ON headrace.job_log TO headrace_worker USING (true) WITH CHECK (true);

CREATE POLICY workers ON headrace.job_log_block TO headrace_worker USING (true) WITH CHECK (true);

CREATE POLICY workers ON headrace.job_log_large TO headrace_worker USING (true) WITH CHECK (true);

CREATE POLICY workers ON headrace.job_queue TO headrace_worker USING (true) WITH CHECK (true);

CREATE POLICY workers ON headrace.job_raw_script TO headrace_worker USING (true);

CREATE POLICY workers ON headrace.job_stream TO headrace_worker USING (true) WITH CHECK (true);

CREATE POLICY workers ON headrace.kept_result TO headrace_worker USING (true) WITH CHECK (true);

CREATE POLICY workers ON headrace.raw_script TO headrace_worker USING (true);

CREATE POLICY workers ON headrace.relock_cause TO headrace_worker USING (true) WITH CHECK (true);

CREATE POLICY workers ON headrace.script FOR SELECT TO headrace_worker USING (true);

CREATE POLICY workers ON headrace.script_import FOR SELECT TO headrace_worker USING (true);

CREATE POLICY workers ON headrace.script_relock TO headrace_worker USING (true) WITH CHECK (true);

CREATE POLICY workers ON headrace.worker_session TO headrace_worker USING (true) WITH CHECK (true);

CREATE POLICY workers ON headrace.workspace_dependencies FOR SELECT TO headrace_worker USING (true);

CREATE POLICY workers ON headrace.workspace_file FOR SELECT TO headrace_worker USING (true);

CREATE POLICY workers ON headrace.workspace_user FOR SELECT TO headrace_worker USING (true);

ALTER TABLE headrace.workspace ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.workspace_dependencies ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.workspace_file ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.workspace_group ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.workspace_key ENABLE ROW LEVEL SECURITY;

ALTER TABLE headrace.workspace_user ENABLE ROW LEVEL SECURITY;

CREATE POLICY writers_add ON headrace.relock_cause FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (headrace.path_owner(imported_path) = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY writers_add ON headrace.resource FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (headrace.path_owner(path) = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY writers_add ON headrace.script FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (headrace.path_owner(path) = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY writers_add ON headrace.script_import FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (headrace.path_owner(importer_path) = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY writers_add ON headrace.variable FOR INSERT TO headrace_server WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (headrace.path_owner(path) = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY writers_change ON headrace.resource FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[]))))) WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (headrace.path_owner(path) = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY writers_change ON headrace.script FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY writers_change ON headrace.variable FOR UPDATE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[]))))) WITH CHECK (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (headrace.path_owner(path) = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY writers_remove ON headrace.resource FOR DELETE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY writers_remove ON headrace.script_import FOR DELETE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY writers_remove ON headrace.script_relock FOR DELETE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

CREATE POLICY writers_remove ON headrace.variable FOR DELETE TO headrace_server USING (((workspace_id = ( SELECT headrace.current_workspace() AS current_workspace)) AND (( SELECT headrace.is_workspace_admin() AS is_workspace_admin) OR (owner = ANY (( SELECT headrace.writable_owners() AS writable_owners)::text[])))));

GRANT USAGE ON SCHEMA headrace TO headrace_server;
GRANT USAGE ON SCHEMA headrace TO headrace_worker;

REVOKE ALL ON FUNCTION headrace.add_first_signing_key(new_id text, new_private_pem text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.add_first_signing_key(new_id text, new_private_pem text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.add_relocked_version(ended_job uuid, new_hash text, new_lock text, new_message text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.add_relocked_version(ended_job uuid, new_hash text, new_lock text, new_message text) TO headrace_worker;

REVOKE ALL ON FUNCTION headrace.add_session_token(token_hash bytea, token_prefix text, owner_email text, session_expires_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.add_session_token(token_hash bytea, token_prefix text, owner_email text, session_expires_at timestamp with time zone) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.any_workspace_key(OUT workspace_id text, OUT wrapped bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.any_workspace_key(OUT workspace_id text, OUT wrapped bytea) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.count_items(wanted_owner text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.count_items(wanted_owner text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.count_jobs(OUT pending bigint, OUT running bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.count_jobs(OUT pending bigint, OUT running bigint) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.count_live_workers() FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.count_live_workers() TO headrace_server;

REVOKE ALL ON FUNCTION headrace.deleted_script_path(wanted_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.deleted_script_path(wanted_hash text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.describe_group(wanted_workspace text, wanted_group text, OUT readable text[], OUT writable text[], OUT owned text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.describe_group(wanted_workspace text, wanted_group text, OUT readable text[], OUT writable text[], OUT owned text[]) TO headrace_server;
GRANT ALL ON FUNCTION headrace.describe_group(wanted_workspace text, wanted_group text, OUT readable text[], OUT writable text[], OUT owned text[]) TO headrace_worker;

REVOKE ALL ON FUNCTION headrace.describe_member(wanted_workspace text, wanted_username text, OUT username text, OUT email text, OUT is_admin boolean, OUT operator boolean, OUT groups text[], OUT readable text[], OUT writable text[], OUT owned text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.describe_member(wanted_workspace text, wanted_username text, OUT username text, OUT email text, OUT is_admin boolean, OUT operator boolean, OUT groups text[], OUT readable text[], OUT writable text[], OUT owned text[]) TO headrace_server;
GRANT ALL ON FUNCTION headrace.describe_member(wanted_workspace text, wanted_username text, OUT username text, OUT email text, OUT is_admin boolean, OUT operator boolean, OUT groups text[], OUT readable text[], OUT writable text[], OUT owned text[]) TO headrace_worker;

REVOKE ALL ON FUNCTION headrace.describe_members(wanted_username text, OUT username text, OUT email text, OUT name text, OUT is_admin boolean, OUT super_admin boolean, OUT operator boolean, OUT disabled boolean, OUT created_at timestamp with time zone, OUT groups text[], OUT readable text[], OUT writable text[], OUT owned text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.describe_members(wanted_username text, OUT username text, OUT email text, OUT name text, OUT is_admin boolean, OUT super_admin boolean, OUT operator boolean, OUT disabled boolean, OUT created_at timestamp with time zone, OUT groups text[], OUT readable text[], OUT writable text[], OUT owned text[]) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.describe_workers(OUT active bigint, OUT worker_groups text[], OUT versions text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.describe_workers(OUT active bigint, OUT worker_groups text[], OUT versions text[]) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.doubt_blob_of_file() FROM PUBLIC;

REVOKE ALL ON FUNCTION headrace.doubt_blob_of_job() FROM PUBLIC;

REVOKE ALL ON FUNCTION headrace.doubt_blob_of_log() FROM PUBLIC;

REVOKE ALL ON FUNCTION headrace.end_relock(ended_job uuid, new_state text, new_message text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.end_relock(ended_job uuid, new_state text, new_message text) TO headrace_server;
GRANT ALL ON FUNCTION headrace.end_relock(ended_job uuid, new_state text, new_message text) TO headrace_worker;

REVOKE ALL ON FUNCTION headrace.erase_expired_trash() FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.erase_expired_trash() TO headrace_worker;

REVOKE ALL ON FUNCTION headrace.erase_run(wanted_job uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.erase_run(wanted_job uuid) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.erase_script_versions(items bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION headrace.erase_trash(wanted_item bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.erase_trash(wanted_item bigint) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.extend_job_history() FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.extend_job_history() TO headrace_worker;

REVOKE ALL ON FUNCTION headrace.find_job_token(wanted_job uuid, wanted_attempt integer, OUT token_hash bytea, OUT workspace_id text, OUT permissioned_as text, OUT email text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.find_job_token(wanted_job uuid, wanted_attempt integer, OUT token_hash bytea, OUT workspace_id text, OUT permissioned_as text, OUT email text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.find_password(wanted_email text, OUT email text, OUT password_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.find_password(wanted_email text, OUT email text, OUT password_hash text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.find_token(wanted_hash bytea, OUT email text, OUT super_admin boolean, OUT workspace_id text, OUT username text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.find_token(wanted_hash bytea, OUT email text, OUT super_admin boolean, OUT workspace_id text, OUT username text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.forget_identity(wanted_workspace text, wanted_identity text) FROM PUBLIC;

REVOKE ALL ON FUNCTION headrace.hold_script_lock(wanted_workspace text, wanted_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.hold_script_lock(wanted_workspace text, wanted_hash text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.identify_token(wanted_hash bytea, OUT email text, OUT super_admin boolean, OUT workspace_id text, OUT scopes text[], OUT read_only boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.identify_token(wanted_hash bytea, OUT email text, OUT super_admin boolean, OUT workspace_id text, OUT scopes text[], OUT read_only boolean) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.is_superadmin_email(wanted_email text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.is_superadmin_email(wanted_email text) TO headrace_worker;
GRANT ALL ON FUNCTION headrace.is_superadmin_email(wanted_email text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.make_room_for_raw_script(wanted_bytes bigint, most_bytes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.make_room_for_raw_script(wanted_bytes bigint, most_bytes bigint) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.may_use_files() FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.may_use_files() TO headrace_server;

REVOKE ALL ON FUNCTION headrace.move_script_drafts(old_path text, new_path text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.move_script_drafts(old_path text, new_path text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.place_in_line() FROM PUBLIC;

REVOKE ALL ON FUNCTION headrace.queue_is_longer(wanted_tag text, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.queue_is_longer(wanted_tag text, most integer) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.read_file_link_key() FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.read_file_link_key() TO headrace_server;

REVOKE ALL ON FUNCTION headrace.read_job_log(wanted_job uuid, wanted_attempt integer, from_start bigint, most_chunks integer) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.read_job_log(wanted_job uuid, wanted_attempt integer, from_start bigint, most_chunks integer) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.read_job_stream(wanted_job uuid, wanted_attempt integer, from_start bigint, most_chunks integer) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.read_job_stream(wanted_job uuid, wanted_attempt integer, from_start bigint, most_chunks integer) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.read_kept_result(wanted_hash text, wanted_identity text, wanted_key bytea, most_seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.read_kept_result(wanted_hash text, wanted_identity text, wanted_key bytea, most_seconds integer) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.read_linked_file(wanted_workspace text, wanted_key text, OUT blob jsonb, OUT content_type text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.read_linked_file(wanted_workspace text, wanted_key text, OUT blob jsonb, OUT content_type text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.read_signing_keys() FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.read_signing_keys() TO headrace_server;

REVOKE ALL ON FUNCTION headrace.remove_group(wanted_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.remove_group(wanted_name text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.remove_member(wanted_username text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.remove_member(wanted_username text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.remove_runs(wanted_jobs uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.remove_runs(wanted_jobs uuid[]) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.remove_user(wanted_email text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.remove_user(wanted_email text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.restore_trashed_script(wanted_item bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.restore_trashed_script(wanted_item bigint) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.schema_version() FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.schema_version() TO headrace_server;
GRANT ALL ON FUNCTION headrace.schema_version() TO headrace_worker;

REVOKE ALL ON FUNCTION headrace.set_own_password(new_hash text, kept_token bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.set_own_password(new_hash text, kept_token bytea) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.set_password_of(wanted_email text, new_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.set_password_of(wanted_email text, new_hash text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.settle_script_lock(ended_job uuid, new_lock text, new_error text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.settle_script_lock(ended_job uuid, new_lock text, new_error text) TO headrace_server;
GRANT ALL ON FUNCTION headrace.settle_script_lock(ended_job uuid, new_lock text, new_error text) TO headrace_worker;

REVOKE ALL ON FUNCTION headrace.trash_script(wanted_path text, wanted_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.trash_script(wanted_path text, wanted_hash text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.username_of(wanted_workspace text, wanted_email text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.username_of(wanted_workspace text, wanted_email text) TO headrace_server;

REVOKE ALL ON FUNCTION headrace.workspace_exists(wanted_workspace text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.workspace_exists(wanted_workspace text) TO headrace_server;
GRANT ALL ON FUNCTION headrace.workspace_exists(wanted_workspace text) TO headrace_worker;

REVOKE ALL ON FUNCTION headrace.workspaces_of_jobs(wanted_jobs uuid[], OUT id uuid, OUT workspace_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION headrace.workspaces_of_jobs(wanted_jobs uuid[], OUT id uuid, OUT workspace_id text) TO headrace_server;

GRANT SELECT,INSERT ON TABLE headrace.audit TO headrace_server;
GRANT INSERT ON TABLE headrace.audit TO headrace_worker;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.doubtful_blob TO headrace_server;
GRANT SELECT,INSERT,DELETE ON TABLE headrace.doubtful_blob TO headrace_worker;

GRANT UPDATE(due_at) ON TABLE headrace.doubtful_blob TO headrace_worker;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.draft TO headrace_server;

GRANT UPDATE(path) ON TABLE headrace.draft TO headrace_server;

GRANT UPDATE(username) ON TABLE headrace.draft TO headrace_server;

GRANT UPDATE(value) ON TABLE headrace.draft TO headrace_server;

GRANT UPDATE(base) ON TABLE headrace.draft TO headrace_server;

GRANT UPDATE(saved_at) ON TABLE headrace.draft TO headrace_server;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.environment_variable TO headrace_server;
GRANT SELECT ON TABLE headrace.environment_variable TO headrace_worker;

GRANT UPDATE(value) ON TABLE headrace.environment_variable TO headrace_server;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.folder TO headrace_server;

GRANT UPDATE(display_name) ON TABLE headrace.folder TO headrace_server;

GRANT UPDATE(summary) ON TABLE headrace.folder TO headrace_server;

GRANT UPDATE(owners) ON TABLE headrace.folder TO headrace_server;

GRANT UPDATE(extra_perms) ON TABLE headrace.folder TO headrace_server;

GRANT UPDATE(labels) ON TABLE headrace.folder TO headrace_server;

GRANT UPDATE(edited_at) ON TABLE headrace.folder TO headrace_server;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.group_member TO headrace_server;

GRANT SELECT,INSERT,UPDATE ON TABLE headrace.idempotency_key TO headrace_server;
GRANT SELECT,DELETE ON TABLE headrace.idempotency_key TO headrace_worker;

GRANT SELECT,INSERT ON TABLE headrace.instance_user TO headrace_server;

GRANT UPDATE(password_hash) ON TABLE headrace.instance_user TO headrace_server;

GRANT UPDATE(name) ON TABLE headrace.instance_user TO headrace_server;

GRANT UPDATE(super_admin) ON TABLE headrace.instance_user TO headrace_server;

GRANT UPDATE(disabled) ON TABLE headrace.instance_user TO headrace_server;

GRANT UPDATE(company) ON TABLE headrace.instance_user TO headrace_server;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.job TO headrace_server;
GRANT SELECT,INSERT,DELETE ON TABLE headrace.job TO headrace_worker;

GRANT UPDATE(args) ON TABLE headrace.job TO headrace_worker;

GRANT UPDATE(scheduled_for) ON TABLE headrace.job TO headrace_server;

GRANT UPDATE(preprocessed) ON TABLE headrace.job TO headrace_worker;

GRANT SELECT,INSERT ON TABLE headrace.job_history TO headrace_server;
GRANT SELECT,INSERT ON TABLE headrace.job_history TO headrace_worker;

GRANT UPDATE(resolved_at) ON TABLE headrace.job_history TO headrace_server;

GRANT UPDATE(resolved_by) ON TABLE headrace.job_history TO headrace_server;

GRANT UPDATE(resolution_note) ON TABLE headrace.job_history TO headrace_server;

GRANT SELECT,INSERT ON TABLE headrace.job_id TO headrace_server;
GRANT SELECT,INSERT,UPDATE ON TABLE headrace.job_id TO headrace_worker;

GRANT UPDATE(completed_at) ON TABLE headrace.job_id TO headrace_server;

GRANT SELECT,INSERT ON TABLE headrace.job_label TO headrace_server;
GRANT SELECT,INSERT ON TABLE headrace.job_label TO headrace_worker;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.job_log TO headrace_worker;

GRANT SELECT,INSERT ON TABLE headrace.job_log_block TO headrace_worker;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.job_log_large TO headrace_worker;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.job_queue TO headrace_server;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE headrace.job_queue TO headrace_worker;

GRANT UPDATE(scheduled_for) ON TABLE headrace.job_queue TO headrace_server;

GRANT UPDATE(held) ON TABLE headrace.job_queue TO headrace_server;

GRANT UPDATE(losses) ON TABLE headrace.job_queue TO headrace_server;

GRANT UPDATE(canceled_by) ON TABLE headrace.job_queue TO headrace_server;

GRANT UPDATE(canceled_reason) ON TABLE headrace.job_queue TO headrace_server;

GRANT UPDATE(progress) ON TABLE headrace.job_queue TO headrace_server;

GRANT INSERT ON TABLE headrace.job_raw_script TO headrace_server;
GRANT SELECT,DELETE ON TABLE headrace.job_raw_script TO headrace_worker;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.job_stream TO headrace_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE headrace.kept_result TO headrace_worker;

GRANT SELECT,INSERT ON TABLE headrace.raw_script TO headrace_server;
GRANT SELECT,DELETE ON TABLE headrace.raw_script TO headrace_worker;

GRANT UPDATE(stored_at) ON TABLE headrace.raw_script TO headrace_server;

GRANT INSERT ON TABLE headrace.relock_cause TO headrace_server;
GRANT SELECT,INSERT,DELETE ON TABLE headrace.relock_cause TO headrace_worker;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.resource TO headrace_server;

GRANT UPDATE(path) ON TABLE headrace.resource TO headrace_server;

GRANT UPDATE(value) ON TABLE headrace.resource TO headrace_server;

GRANT UPDATE(resource_type) ON TABLE headrace.resource TO headrace_server;

GRANT UPDATE(description) ON TABLE headrace.resource TO headrace_server;

GRANT UPDATE(extra_perms) ON TABLE headrace.resource TO headrace_server;

GRANT UPDATE(edited_at) ON TABLE headrace.resource TO headrace_server;

GRANT UPDATE(labels) ON TABLE headrace.resource TO headrace_server;

GRANT UPDATE(edited_by) ON TABLE headrace.resource TO headrace_server;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.resource_type TO headrace_server;

GRANT UPDATE(schema) ON TABLE headrace.resource_type TO headrace_server;

GRANT UPDATE(description) ON TABLE headrace.resource_type TO headrace_server;

GRANT UPDATE(display_name) ON TABLE headrace.resource_type TO headrace_server;

GRANT UPDATE(format_extension) ON TABLE headrace.resource_type TO headrace_server;

GRANT UPDATE(is_fileset) ON TABLE headrace.resource_type TO headrace_server;

GRANT UPDATE(edited_at) ON TABLE headrace.resource_type TO headrace_server;

GRANT SELECT,INSERT ON TABLE headrace.script TO headrace_server;
GRANT SELECT ON TABLE headrace.script TO headrace_worker;

GRANT UPDATE(lock_job) ON TABLE headrace.script TO headrace_server;

GRANT UPDATE(deployment_message) ON TABLE headrace.script TO headrace_server;

GRANT UPDATE(extra_perms) ON TABLE headrace.script TO headrace_server;

GRANT UPDATE(archived) ON TABLE headrace.script TO headrace_server;

GRANT UPDATE(error_handler_muted) ON TABLE headrace.script TO headrace_server;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.script_import TO headrace_server;
GRANT SELECT ON TABLE headrace.script_import TO headrace_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE headrace.script_relock TO headrace_server;
GRANT SELECT,DELETE,UPDATE ON TABLE headrace.script_relock TO headrace_worker;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.token TO headrace_server;
GRANT SELECT,DELETE ON TABLE headrace.token TO headrace_worker;

GRANT UPDATE(label) ON TABLE headrace.token TO headrace_server;

GRANT UPDATE(scopes) ON TABLE headrace.token TO headrace_server;

GRANT SELECT ON TABLE headrace.trash TO headrace_server;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.variable TO headrace_server;

GRANT UPDATE(path) ON TABLE headrace.variable TO headrace_server;

GRANT UPDATE(value) ON TABLE headrace.variable TO headrace_server;

GRANT UPDATE(is_secret) ON TABLE headrace.variable TO headrace_server;

GRANT UPDATE(description) ON TABLE headrace.variable TO headrace_server;

GRANT UPDATE(labels) ON TABLE headrace.variable TO headrace_server;

GRANT UPDATE(extra_perms) ON TABLE headrace.variable TO headrace_server;

GRANT UPDATE(edited_by) ON TABLE headrace.variable TO headrace_server;

GRANT UPDATE(edited_at) ON TABLE headrace.variable TO headrace_server;

GRANT SELECT ON TABLE headrace.worker_session TO headrace_server;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE headrace.worker_session TO headrace_worker;

GRANT SELECT,INSERT ON TABLE headrace.workspace TO headrace_server;

GRANT UPDATE(name) ON TABLE headrace.workspace TO headrace_server;

GRANT UPDATE(deleted) ON TABLE headrace.workspace TO headrace_server;

GRANT UPDATE(color) ON TABLE headrace.workspace TO headrace_server;

GRANT SELECT,INSERT,DELETE ON TABLE headrace.workspace_dependencies TO headrace_server;
GRANT SELECT ON TABLE headrace.workspace_dependencies TO headrace_worker;

GRANT UPDATE(archived) ON TABLE headrace.workspace_dependencies TO headrace_server;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE headrace.workspace_file TO headrace_server;
GRANT SELECT ON TABLE headrace.workspace_file TO headrace_worker;

GRANT SELECT,INSERT ON TABLE headrace.workspace_group TO headrace_server;

GRANT UPDATE(summary) ON TABLE headrace.workspace_group TO headrace_server;

GRANT UPDATE(extra_perms) ON TABLE headrace.workspace_group TO headrace_server;

GRANT SELECT,INSERT ON TABLE headrace.workspace_key TO headrace_server;

GRANT UPDATE(wrapped) ON TABLE headrace.workspace_key TO headrace_server;

GRANT SELECT,INSERT ON TABLE headrace.workspace_user TO headrace_server;
GRANT SELECT ON TABLE headrace.workspace_user TO headrace_worker;

GRANT UPDATE(is_admin) ON TABLE headrace.workspace_user TO headrace_server;

GRANT UPDATE(operator) ON TABLE headrace.workspace_user TO headrace_server;

GRANT UPDATE(disabled) ON TABLE headrace.workspace_user TO headrace_server;
