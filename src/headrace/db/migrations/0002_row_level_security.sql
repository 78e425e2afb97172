-- phase: before
-- breaking: no
-- The second wall. Requests log in as headrace_server, workers as headrace_worker; neither owns
-- anything. Who asks stands in settings that the server sets at the start of each transaction;
-- without them every policy is false. Policies use leakproof operators only (=, ranges) and read
-- settings as init-plans, so that a list costs the same with them as without.

create function current_workspace() returns text language sql stable parallel safe
as $$ select nullif(current_setting('headrace.workspace', true), '') $$;

create function current_email() returns text language sql stable parallel safe
as $$ select nullif(current_setting('headrace.email', true), '') $$;

create function current_username() returns text language sql stable parallel safe
as $$ select nullif(current_setting('headrace.username', true), '') $$;

create function current_job() returns uuid language sql stable parallel safe
as $$ select nullif(current_setting('headrace.job', true), '')::uuid $$;

create function is_superadmin() returns boolean language sql stable parallel safe
as $$ select coalesce(current_setting('headrace.superadmin', true), '') = 'true' $$;

create function is_workspace_admin() returns boolean language sql stable parallel safe
as $$ select coalesce(current_setting('headrace.admin', true), '') = 'true' $$;

-- u/<me> and g/<each of my groups>: whom I may run as, and whose runs I see.
create function own_identities() returns text[] language sql stable parallel safe
as $$ select string_to_array(nullif(current_setting('headrace.identities', true), ''), ',') $$;

-- First two parts of the paths I may read, and of those I may write.
create function readable_owners() returns text[] language sql stable parallel safe
as $$ select string_to_array(nullif(current_setting('headrace.readable', true), ''), ',') $$;

create function writable_owners() returns text[] language sql stable parallel safe
as $$ select string_to_array(nullif(current_setting('headrace.writable', true), ''), ',') $$;

alter table workspace enable row level security;
alter table instance_user enable row level security;
alter table workspace_user enable row level security;
alter table workspace_group enable row level security;
alter table group_member enable row level security;
alter table folder enable row level security;
alter table token enable row level security;
alter table audit enable row level security;
alter table script enable row level security;
alter table resource enable row level security;
alter table job_id enable row level security;
alter table job enable row level security;
alter table job_queue enable row level security;
alter table job_history enable row level security;
alter table job_log enable row level security;
alter table worker_session enable row level security;
alter table idempotency_key enable row level security;

grant usage on schema headrace to headrace_server, headrace_worker;

------------------------------------------------------------------------------- identities

grant select, insert on workspace, workspace_user, instance_user to headrace_server;
grant update (password_hash, name, disabled, super_admin) on instance_user to headrace_server;

create policy member_reads on workspace for select to headrace_server
  using ((select is_superadmin())
         or id in (select workspace_id from workspace_user where email = (select current_email())));
create policy superadmin_adds on workspace for insert to headrace_server
  with check ((select is_superadmin()));

create policy self_or_superadmin on instance_user for all to headrace_server
  using (email = (select current_email()) or (select is_superadmin()))
  with check ((select is_superadmin()));

create policy member_reads on workspace_user for select to headrace_server
  using (workspace_id = (select current_workspace()) or email = (select current_email())
         or (select is_superadmin()));
create policy superadmin_adds on workspace_user for insert to headrace_server
  with check ((select is_superadmin()));

grant select, insert on workspace_group, group_member to headrace_server;

create policy member_reads on workspace_group for select to headrace_server
  using (workspace_id = (select current_workspace()) or (select is_superadmin()));
create policy admin_adds on workspace_group for insert to headrace_server
  with check ((select is_superadmin())
              or (workspace_id = (select current_workspace()) and (select is_workspace_admin())));
create policy member_reads on group_member for select to headrace_server
  using (workspace_id = (select current_workspace()) or (select is_superadmin()));
create policy admin_adds on group_member for insert to headrace_server
  with check ((select is_superadmin())
              or (workspace_id = (select current_workspace()) and (select is_workspace_admin())));

grant select, insert on folder to headrace_server;

create policy member_reads on folder for select to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or 'f/' || name = any ((select readable_owners())::text[])));
create policy member_adds on folder for insert to headrace_server
  with check (workspace_id = (select current_workspace()));

grant select, insert, delete on token to headrace_server;

create policy own on token for all to headrace_server
  using (email = (select current_email()))
  with check (email = (select current_email()) and (select current_job()) is null);

grant insert on audit to headrace_server;

create policy append on audit for insert to headrace_server
  with check (workspace_id is null or workspace_id = (select current_workspace()) or (select is_superadmin()));

------------------------------------------------------------------------------- scripts and resources

grant select, insert on script to headrace_server;
grant update (lock_job, archived) on script to headrace_server;

create policy readers on script for select to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or owner = any ((select readable_owners())::text[])));
create policy writers_add on script for insert to headrace_server
  with check (workspace_id = (select current_workspace())
              and ((select is_workspace_admin()) or path_owner(path) = any ((select writable_owners())::text[])));
create policy writers_change on script for update to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or owner = any ((select writable_owners())::text[])));

grant select, insert on resource to headrace_server;
grant update (value, description, resource_type, edited_at) on resource to headrace_server;

create policy readers on resource for select to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or owner = any ((select readable_owners())::text[])));
create policy writers_add on resource for insert to headrace_server
  with check (workspace_id = (select current_workspace())
              and ((select is_workspace_admin()) or path_owner(path) = any ((select writable_owners())::text[])));
create policy writers_change on resource for update to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin()) or owner = any ((select writable_owners())::text[])));

------------------------------------------------------------------------------- jobs

-- Who sees a run: whom it runs as, its creator, the job itself, workspace admins, and those who may
-- read its path, unless it is for its runner only.
grant select, insert, delete on job to headrace_server;

create policy viewers on job for select to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin())
              or permissioned_as = any ((select own_identities())::text[])
              or created_by = (select current_username())
              or id = (select current_job())
              or (not visible_to_runner_only and owner = any ((select readable_owners())::text[]))));
create policy as_oneself on job for insert to headrace_server
  with check (workspace_id = (select current_workspace())
              and created_by = (select current_username())
              and ((select is_workspace_admin())
                   or permissioned_as = any ((select own_identities())::text[])));
create policy enders on job for delete to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin())
              or permissioned_as = any ((select own_identities())::text[])
              or created_by = (select current_username())
              or owner = any ((select writable_owners())::text[])));

grant select, insert, delete on job_queue to headrace_server;
grant update (canceled_by, canceled_reason, held, scheduled_for, losses) on job_queue to headrace_server;

-- The subqueries are under job's own policies. Who may end a job may change and remove its queue row:
-- one without the other would leave half a job.
create policy viewers on job_queue for select to headrace_server
  using (workspace_id = (select current_workspace())
         and exists (select from job where job.id = job_queue.id));
create policy enqueuers on job_queue for insert to headrace_server
  with check (workspace_id = (select current_workspace()) and state = 'queued');
create policy enders on job_queue for update to headrace_server
  using (workspace_id = (select current_workspace())
         and exists (select from job
                     where job.id = job_queue.id
                       and ((select is_workspace_admin())
                            or permissioned_as = any ((select own_identities())::text[])
                            or created_by = (select current_username())
                            or owner = any ((select writable_owners())::text[]))));
create policy enders_remove on job_queue for delete to headrace_server
  using (workspace_id = (select current_workspace())
         and exists (select from job
                     where job.id = job_queue.id
                       and ((select is_workspace_admin())
                            or permissioned_as = any ((select own_identities())::text[])
                            or created_by = (select current_username())
                            or owner = any ((select writable_owners())::text[]))));

grant select, insert on job_history to headrace_server;

create policy viewers on job_history for select to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin())
              or permissioned_as = any ((select own_identities())::text[])
              or created_by = (select current_username())
              or (not visible_to_runner_only and owner = any ((select readable_owners())::text[]))));
create policy enders on job_history for insert to headrace_server
  with check (workspace_id = (select current_workspace())
              and ((select is_workspace_admin())
                   or permissioned_as = any ((select own_identities())::text[])
                   or created_by = (select current_username())
                   or owner = any ((select writable_owners())::text[])));

grant select, insert on job_id to headrace_server;
grant update (completed_at) on job_id to headrace_server;

create policy same_workspace on job_id for all to headrace_server
  using (workspace_id = (select current_workspace()))
  with check (workspace_id = (select current_workspace()));

grant select, insert, update on idempotency_key to headrace_server;

create policy own on idempotency_key for all to headrace_server
  using (workspace_id = (select current_workspace()) and caller = (select current_username()))
  with check (workspace_id = (select current_workspace()) and caller = (select current_username()));

-- Logs are read through this function only: it checks the run once, where a policy on job_log would
-- check it again for each of perhaps a million chunks. Returns nothing for a run one may not see.
create function read_job_log(wanted_job uuid, wanted_attempt integer, from_start bigint, most_chunks integer)
returns table (start bigint, chunk text)
language sql stable security definer
set search_path from current
as $$
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
  )
  select l.start, l.chunk
  from job_log l
  where exists (select from visible)
    and l.job_id = wanted_job and l.attempt = wanted_attempt
    and l.start >= coalesce((select max(p.start) from job_log p
                             where p.job_id = wanted_job and p.attempt = wanted_attempt
                               and p.start <= from_start), 0)
  order by l.start
  limit most_chunks
$$;
revoke execute on function read_job_log from public;
grant execute on function read_job_log to headrace_server;

grant select on worker_session to headrace_server;

create policy signed_in on worker_session for select to headrace_server
  using ((select current_email()) is not null);

-- How many workers renew their leases; health needs no identity.
create function count_live_workers() returns bigint language sql stable security definer
set search_path from current
as $$ select count(*) from worker_session where ended_at is null and expires_at > now() $$;
revoke execute on function count_live_workers from public;
grant execute on function count_live_workers to headrace_server;

------------------------------------------------------------------------------- the workers' role

grant select, insert, update, delete on worker_session to headrace_worker;
grant select, update on job_queue to headrace_worker;
grant delete on job_queue, job to headrace_worker;
grant select on job, script, workspace_user to headrace_worker;
grant select, insert on job_log, job_history to headrace_worker;
grant select, update on job_id to headrace_worker;
grant select, delete on idempotency_key, token to headrace_worker;

create policy workers on worker_session for all to headrace_worker using (true) with check (true);
create policy workers on job_queue for all to headrace_worker using (true) with check (true);
create policy workers on job for all to headrace_worker using (true) with check (true);
create policy workers on job_history for all to headrace_worker using (true) with check (true);
create policy workers on job_id for all to headrace_worker using (true) with check (true);
create policy workers on job_log for all to headrace_worker using (true) with check (true);
create policy workers on script for select to headrace_worker using (true);
create policy workers on workspace_user for select to headrace_worker using (true);
create policy expired on idempotency_key for all to headrace_worker
  using (created_at < now() - interval '24 hours');
create policy expired on token for all to headrace_worker using (expires_at < now());

-- Keeps a version's lock from coming before the transaction ends, so that no job waits for one that has
-- just come. A function, because locking a row by oneself takes the right to change it.
create function hold_script_lock(wanted_workspace text, wanted_hash text) returns void
language sql volatile security definer
set search_path from current
as $$ select from script where workspace_id = wanted_workspace and hash = wanted_hash for share $$;
revoke execute on function hold_script_lock from public;
grant execute on function hold_script_lock to headrace_server;

-- The end of a dependencies job takes effect, once: its script version gets the lock, or the reason why
-- there is none, and the jobs that waited for it can be claimed, or wait for their time. Returns their
-- tags. A function, because the one who ends the job may neither own the script nor see those jobs.
create function settle_script_lock(ended_job uuid, new_lock text, new_error text) returns setof text
language plpgsql volatile security definer
set search_path from current
as $$
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
revoke execute on function settle_script_lock from public;
grant execute on function settle_script_lock to headrace_server, headrace_worker;

revoke execute on function extend_job_history from public;
grant execute on function extend_job_history to headrace_worker;

-- Lets a process see whether the schema is the one it was made for.
create function schema_version() returns integer language sql stable security definer
set search_path from current
as $$ select max(version) from schema_migration $$;
revoke execute on function schema_version from public;
grant execute on function schema_version to headrace_server, headrace_worker;

------------------------------------------------------------------------------- who is asking

-- What a member of a workspace may do; used before an identity is known, so it runs as the owner.
-- One row, or none where the user is unknown, disabled or not a member.
create function describe_member(
  wanted_workspace text, wanted_username text,
  out username text, out email text, out is_admin boolean, out operator boolean,
  out groups text[], out readable text[], out writable text[])
returns setof record
language sql stable security definer
set search_path from current
as $$
  with member as (
    select m.username, m.email, m.is_admin, m.operator
    from workspace_user m join instance_user u on u.email = m.email
    where m.workspace_id = wanted_workspace and m.username = wanted_username
      and not m.disabled and not u.disabled
  ),
  mine as (
    select 'u/' || m.username as identity from member m
    union all
    select 'g/' || g.group_name from group_member g, member m
    where g.workspace_id = wanted_workspace and g.username = m.username
  ),
  open_folder as (
    select 'f/' || f.name as owner,
           bool_or(mine.identity = any (f.owners) or (f.extra_perms ->> mine.identity)::boolean) as may_write
    from folder f join mine on mine.identity = any (f.owners) or f.extra_perms ? mine.identity
    where f.workspace_id = wanted_workspace
    group by f.name
  )
  select m.username, m.email, m.is_admin, m.operator,
         array(select substr(identity, 3) from mine where identity like 'g/%'),
         array(select identity from mine union all select owner from open_folder),
         array(select 'u/' || m.username union all select owner from open_folder where may_write)
  from member m
$$;
revoke execute on function describe_member from public;
grant execute on function describe_member to headrace_server, headrace_worker;

-- The same for a group, which jobs may run as.
create function describe_group(
  wanted_workspace text, wanted_group text, out readable text[], out writable text[])
returns setof record
language sql stable security definer
set search_path from current
as $$
  with open_folder as (
    select 'f/' || f.name as owner,
           'g/' || g.name = any (f.owners)
             or coalesce((f.extra_perms ->> ('g/' || g.name))::boolean, false) as may_write
    from folder f, workspace_group g
    where f.workspace_id = wanted_workspace and g.workspace_id = wanted_workspace and g.name = wanted_group
      and ('g/' || g.name = any (f.owners) or f.extra_perms ? ('g/' || g.name))
  )
  select array(select 'g/' || g.name union all select owner from open_folder),
         array(select owner from open_folder where may_write)
  from workspace_group g where g.workspace_id = wanted_workspace and g.name = wanted_group
$$;
revoke execute on function describe_group from public;
grant execute on function describe_group to headrace_server, headrace_worker;

-- Whose token this is. Notes its use, at most once a minute.
create function find_token(
  wanted_hash bytea,
  out email text, out super_admin boolean, out workspace_id text, out username text)
returns setof record
language sql volatile security definer
set search_path from current
as $$
  with used as (
    update token set last_used_at = now()
    where token.hash = wanted_hash
      and (last_used_at is null or last_used_at < now() - interval '1 minute')
  )
  select u.email, u.super_admin, t.workspace_id, null::text
  from token t join instance_user u on u.email = t.email
  where t.hash = wanted_hash and not u.disabled and (t.expires_at is null or t.expires_at > now())
$$;
revoke execute on function find_token from public;
grant execute on function find_token to headrace_server;

-- The secret's hash and the identity of a job that runs now; no row once it is over.
create function find_job_token(
  wanted_job uuid, wanted_attempt integer,
  out token_hash bytea, out workspace_id text, out permissioned_as text, out email text)
returns setof record
language sql stable security definer
set search_path from current
as $$
  select q.token_hash, j.workspace_id, j.permissioned_as, j.email
  from job_queue q join job j on j.id = q.id
  where q.id = wanted_job and q.attempt = wanted_attempt and q.state = 'running'
$$;
revoke execute on function find_job_token from public;
grant execute on function find_job_token to headrace_server;

-- For signing in: the hash to compare a password with.
create function find_password(wanted_email text, out email text, out password_hash text)
returns setof record
language sql stable security definer
set search_path from current
as $$ select u.email, u.password_hash from instance_user u where u.email = wanted_email and not u.disabled $$;
revoke execute on function find_password from public;
grant execute on function find_password to headrace_server;

-- A new session's token, after the password was right.
create function add_session_token(
  token_hash bytea, token_prefix text, owner_email text, session_expires_at timestamptz) returns void
language sql volatile security definer
set search_path from current
as $$
  insert into token (hash, prefix, email, label, expires_at)
  values (token_hash, token_prefix, owner_email, 'session', session_expires_at)
$$;
revoke execute on function add_session_token from public;
grant execute on function add_session_token to headrace_server;

-- The name a user has in a workspace, by email; null where they are not a member.
create function username_of(wanted_workspace text, wanted_email text) returns text
language sql stable security definer
set search_path from current
as $$ select username from workspace_user where workspace_id = wanted_workspace and email = wanted_email $$;
revoke execute on function username_of from public;
grant execute on function username_of to headrace_server;

-- Whether there is such a workspace: a superadmin, who need not be a member, may act in any that is.
create function workspace_exists(wanted_workspace text) returns boolean
language sql stable security definer
set search_path from current
as $$ select exists (select from workspace where id = wanted_workspace and not deleted) $$;
revoke execute on function workspace_exists from public;
grant execute on function workspace_exists to headrace_server;
