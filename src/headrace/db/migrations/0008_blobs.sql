-- phase: before
-- breaking: no
-- What is too large for a row lies in the blob store, under a name that is never used twice; the row keeps a
-- reference, {"name", "size", "sha256"}. Deeds put a blob first and refer to it afterwards, so a name is noted
-- here before: whoever dies in between leaves a doubtful blob, and nothing that is lost.

alter table job_history add column result_blob jsonb;

-- Blobs that perhaps nobody refers to. From due_at on the leader looks, and removes those that nobody does.
-- job_id and attempt are those of a job's result or log: what an attempt that runs may still refer to stays.
create table doubtful_blob (
  name text primary key,
  workspace_id text not null,
  job_id uuid,
  attempt integer,
  due_at timestamptz not null
);

-- squawk-ignore require-concurrent-index-creation
create index doubtful_blob_due on doubtful_blob (due_at);

alter table doubtful_blob enable row level security;
grant select, insert, delete on doubtful_blob to headrace_server, headrace_worker;
grant update (due_at) on doubtful_blob to headrace_worker;
create policy same_workspace on doubtful_blob for all to headrace_server
  using (workspace_id = (select current_workspace()))
  with check (workspace_id = (select current_workspace()));
create policy workers on doubtful_blob for all to headrace_worker using (true) with check (true);

------------------------------------------------------------------------------- logs

-- Logs beyond one block, until the leader has moved them.
create table job_log_large (
  job_id uuid not null,
  attempt integer not null,
  primary key (job_id, attempt)
);

-- The beginning of a log that was moved to the blob store; the rest is in job_log, always at least its last
-- chunk. start and units count UTF-16 code units.
create table job_log_block (
  job_id uuid not null,
  attempt integer not null,
  start bigint not null,
  units bigint not null,
  blob jsonb not null,
  primary key (job_id, attempt, start)
);

alter table job_log_large enable row level security;
alter table job_log_block enable row level security;
grant select, insert, delete on job_log_large to headrace_worker;
grant select, insert on job_log_block to headrace_worker;
grant delete on job_log to headrace_worker;
create policy workers on job_log_large for all to headrace_worker using (true) with check (true);
create policy workers on job_log_block for all to headrace_worker using (true) with check (true);

-- As before, and where from_start lies in a block, that block and nothing else.
-- The previous code names its columns and is served as before.
-- squawk-ignore ban-drop-function
drop function read_job_log(uuid, integer, bigint, integer);
create function read_job_log(wanted_job uuid, wanted_attempt integer, from_start bigint, most_chunks integer)
returns table (start bigint, chunk text, blob jsonb)
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
revoke execute on function read_job_log from public;
grant execute on function read_job_log to headrace_server;

------------------------------------------------------------------------------- files

-- Files of a workspace. A key is a name and no place: where the bytes lie nobody chooses.
create table workspace_file (
  workspace_id text not null references workspace (id),
  key text collate "C" not null,
  blob jsonb not null,
  content_type text,
  created_by text not null,
  edited_at timestamptz not null default now(),
  primary key (workspace_id, key)
);

-- squawk-ignore require-concurrent-index-creation
create index workspace_file_blob on workspace_file ((blob ->> 'name'));

-- Developers and jobs use files; operators only run and view.
create function may_use_files() returns boolean language sql stable security definer
set search_path from current
as $$
  select current_job() is not null or is_workspace_admin()
         or exists (select from workspace_user
                    where workspace_id = current_workspace() and username = current_username()
                      and not operator and not disabled)
$$;
revoke execute on function may_use_files from public;
grant execute on function may_use_files to headrace_server;

alter table workspace_file enable row level security;
grant select, insert, update, delete on workspace_file to headrace_server;
grant select on workspace_file to headrace_worker;
create policy developers on workspace_file for all to headrace_server
  using (workspace_id = (select current_workspace()) and (select may_use_files()))
  with check (workspace_id = (select current_workspace()) and (select may_use_files()));
create policy workers on workspace_file for select to headrace_worker using (true);

-- What links to files are signed with; made here, once, and known to servers alone.
create table file_link_key (
  key bytea not null
);
insert into file_link_key (key)
select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
alter table file_link_key enable row level security;

create function read_file_link_key() returns bytea language sql stable security definer
set search_path from current
as $$ select key from file_link_key $$;
revoke execute on function read_file_link_key from public;
grant execute on function read_file_link_key to headrace_server;

-- A file by a link whose signature has been found right: whoever follows one need not be known.
create function read_linked_file(wanted_workspace text, wanted_key text, out blob jsonb, out content_type text)
returns setof record
language sql stable security definer
set search_path from current
as $$
  select f.blob, f.content_type from workspace_file f join workspace w on w.id = f.workspace_id
  where f.workspace_id = wanted_workspace and f.key = wanted_key and not w.deleted
$$;
revoke execute on function read_linked_file from public;
grant execute on function read_linked_file to headrace_server;

------------------------------------------------------------------------------- removal

-- A run whose data are erased refers to nothing any more, whoever erases them.
create function let_go_of_blob() returns trigger
language plpgsql
set search_path from current
as $$
begin
  new.result_blob := null;
  return new;
end
$$;
create trigger let_go_of_blob before update of deleted on job_history
  for each row when (new.deleted and not old.deleted) execute function let_go_of_blob();

-- Whatever makes a row let go of its blob makes the blob doubtful, at once and in the same transaction.
create function doubt_blob_of_job() returns trigger
language plpgsql security definer
set search_path from current
as $$
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
revoke execute on function doubt_blob_of_job from public;
create trigger doubt_blob after update of result_blob, deleted or delete on job_history
  for each row execute function doubt_blob_of_job();

create function doubt_blob_of_log() returns trigger
language plpgsql security definer
set search_path from current
as $$
begin
  insert into doubtful_blob (name, workspace_id, job_id, attempt, due_at)
  -- The job may be gone altogether; the name has its workspace: logs/<workspace>/…
  values (old.blob ->> 'name', split_part(old.blob ->> 'name', '/', 2), old.job_id, old.attempt, now())
  on conflict (name) do update set due_at = excluded.due_at;
  return null;
end
$$;
revoke execute on function doubt_blob_of_log from public;
create trigger doubt_blob after delete on job_log_block
  for each row execute function doubt_blob_of_log();

create function doubt_blob_of_file() returns trigger
language plpgsql security definer
set search_path from current
as $$
begin
  if tg_op = 'DELETE' or new.blob is distinct from old.blob then
    insert into doubtful_blob (name, workspace_id, due_at)
    values (old.blob ->> 'name', old.workspace_id, now())
    on conflict (name) do update set due_at = excluded.due_at;
  end if;
  return null;
end
$$;
revoke execute on function doubt_blob_of_file from public;
create trigger doubt_blob after update of blob or delete on workspace_file
  for each row execute function doubt_blob_of_file();
