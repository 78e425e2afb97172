-- phase: before
-- breaking: no
-- The ground floor: identities, scripts, resources, jobs and their queue, history and logs.
--
-- What is hot is small: job_queue holds one narrow row for each live job, job what was asked for,
-- job_history everything about a finished one. No foreign key points into history, so retention
-- drops partitions. Ids and instants come from the database.

-- Ids that sort by the time they were made (RFC 9562, version 7): 48 bits of milliseconds, the rest
-- random. PostgreSQL has its own from 18 on; one function of ours serves 14 and later.
create function uuid_v7() returns uuid
language sql volatile parallel safe
as $$
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
              placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
              from 1 for 6),
      52, 1), 53, 1), 'hex')::uuid
$$;

-- Who owns a path: its first two parts, such as u/alice or f/reports.
create function path_owner(path text) returns text
language sql immutable parallel safe
as $$ select split_part(path, '/', 1) || '/' || split_part(path, '/', 2) $$;

------------------------------------------------------------------------------- identities

create table workspace (
  id text primary key,
  name text not null,
  owner text not null,
  deleted boolean not null default false,
  created_at timestamptz not null default now()
);

create table instance_user (
  email text primary key,
  password_hash text,
  name text,
  super_admin boolean not null default false,
  disabled boolean not null default false,
  created_at timestamptz not null default now()
);

create table workspace_user (
  workspace_id text not null references workspace (id),
  username text not null,
  email text not null references instance_user (email),
  is_admin boolean not null default false,
  operator boolean not null default false,
  disabled boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (workspace_id, username),
  unique (workspace_id, email)
);

create table workspace_group (
  workspace_id text not null references workspace (id),
  name text not null,
  summary text not null default '',
  primary key (workspace_id, name)
);

create table group_member (
  workspace_id text not null,
  group_name text not null,
  username text not null,
  primary key (workspace_id, group_name, username),
  foreign key (workspace_id, group_name) references workspace_group (workspace_id, name),
  foreign key (workspace_id, username) references workspace_user (workspace_id, username)
);

-- extra_perms maps u/<user> or g/<group> to true (write) or false (read).
create table folder (
  workspace_id text not null references workspace (id),
  name text not null,
  display_name text not null,
  summary text not null default '',
  owners text[] not null default '{}',
  extra_perms jsonb not null default '{}',
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, name)
);

-- Tokens of people. Only a hash is kept; jobs have theirs in job_queue and need no row here.
create table token (
  hash bytea primary key,
  prefix text not null,
  email text not null references instance_user (email),
  workspace_id text references workspace (id),
  label text not null default '',
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz
);

create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  workspace_id text,
  username text not null,
  operation text not null,
  action_kind text not null,
  resource text,
  parameters jsonb
);

create index audit_by_time on audit (workspace_id, at desc);

------------------------------------------------------------------------------- scripts and resources

-- A version never changes but for its lock, which comes once, and its archived and deleted marks.
-- At most one version of a path is not archived: the newest. settings holds the optional fields of the
-- public contract (tag, timeout, envs, priority ...) as they were given.
create table script (
  workspace_id text not null references workspace (id),
  hash text not null,
  path text not null,
  owner text not null generated always as (path_owner(path)) stored,
  parent_hash text,
  summary text not null default '',
  description text not null default '',
  content text not null,
  language text not null,
  kind text not null default 'script',
  schema text,
  lock text,
  lock_error text,
  lock_job uuid,
  is_library boolean not null default false,
  deployment_message text,
  extra_perms jsonb not null default '{}',
  settings jsonb not null default '{}',
  created_by text not null,
  created_at timestamptz not null default now(),
  archived boolean not null default false,
  deleted boolean not null default false,
  primary key (workspace_id, hash)
);

create unique index script_head on script (workspace_id, path) where not archived and not deleted;
create unique index script_lineage on script (workspace_id, parent_hash) where parent_hash is not null;
create index script_versions on script (workspace_id, path, created_at desc);

create table resource (
  workspace_id text not null references workspace (id),
  path text not null,
  owner text not null generated always as (path_owner(path)) stored,
  value text,
  resource_type text not null,
  description text not null default '',
  extra_perms jsonb not null default '{}',
  created_by text not null,
  created_at timestamptz not null default now(),
  edited_at timestamptz not null default now(),
  primary key (workspace_id, path)
);

------------------------------------------------------------------------------- jobs

-- One row per job ever: ids are unique for good, and completed_at tells the partition of its history.
create table job_id (
  id uuid primary key,
  workspace_id text not null,
  completed_at timestamptz
) with (fillfactor = 80);

-- A live job: what was asked for. Written once, moved to job_history when it ends.
create table job (
  id uuid primary key,
  workspace_id text not null,
  kind text not null check (kind in ('script', 'preview', 'dependencies', 'flow', 'flowpreview')),
  path text,
  owner text generated always as (path_owner(path)) stored,
  script_hash text,
  language text,
  raw_code text,
  raw_lock text,
  args bytea not null,
  parent_job uuid,
  root_job uuid not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  scheduled_for timestamptz not null,
  permissioned_as text not null,
  email text not null,
  tag text not null,
  priority smallint not null,
  timeout_seconds integer,
  restart_if_lost boolean not null default true,
  visible_to_runner_only boolean not null default false,
  is_flow_step boolean not null default false,
  flow_step_id text,
  trigger_kind text,
  schedule_path text,
  labels text[] not null default '{}'
);

create index job_by_time on job (workspace_id, created_at desc, id);
create index job_by_parent on job (parent_job) where parent_job is not null;

-- One narrow row while a job lives. A row can be claimed when its state is queued and nothing holds it;
-- held says what does: future (not due yet), lock (dependencies being locked), limit (a full limit
-- key), quarantine (it took too many workers with it).
create table job_queue (
  id uuid primary key,
  workspace_id text not null,
  tag text not null,
  priority smallint not null,
  scheduled_for timestamptz not null,
  state text not null default 'queued' check (state in ('queued', 'running', 'suspended')),
  held text check (held in ('future', 'lock', 'limit', 'quarantine')),
  limit_key text,
  suspend integer not null default 0,
  attempt integer not null default 0,
  losses smallint not null default 0,
  worker_session bigint,
  started_at timestamptz,
  token_hash bytea,
  peak_memory_kb integer,
  canceled_by text,
  canceled_reason text
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500,
        autovacuum_vacuum_cost_delay = 0);

create index job_queue_claim on job_queue (tag, priority desc, scheduled_for, id)
  where state = 'queued' and held is null;
create index job_queue_future on job_queue (scheduled_for) where held = 'future';
create index job_queue_held on job_queue (held, id) where held in ('lock', 'limit', 'quarantine');
create index job_queue_running on job_queue (worker_session) where state = 'running';
create index job_queue_workspace on job_queue (workspace_id, state);

-- Everything about a finished job. Written once, by one statement.
create table job_history (
  id uuid not null,
  workspace_id text not null,
  kind text not null,
  path text,
  owner text,
  script_hash text,
  language text,
  raw_code text,
  raw_lock text,
  args bytea not null,
  parent_job uuid,
  root_job uuid not null,
  created_by text not null,
  created_at timestamptz not null,
  scheduled_for timestamptz not null,
  permissioned_as text not null,
  email text not null,
  tag text not null,
  priority smallint not null,
  timeout_seconds integer,
  visible_to_runner_only boolean not null,
  is_flow_step boolean not null,
  flow_step_id text,
  trigger_kind text,
  schedule_path text,
  labels text[] not null,
  status text not null check (status in ('success', 'failure', 'canceled', 'skipped')),
  result bytea not null,
  attempt integer not null,
  started_at timestamptz,
  completed_at timestamptz not null,
  duration_ms bigint not null,
  exit_code integer,
  peak_memory_kb integer,
  worker text,
  isolation text,
  canceled_by text,
  canceled_reason text,
  teardown jsonb,
  deleted boolean not null default false,
  primary key (completed_at, id)
) partition by range (completed_at);

create index job_history_by_time on job_history (workspace_id, created_at desc, id);
create index job_history_by_path on job_history (workspace_id, path, completed_at desc);
create index job_history_by_parent on job_history (parent_job) where parent_job is not null;

-- Makes the partitions of job_history, a week each, from this week to eight weeks ahead. Callable by the
-- unprivileged worker role, so that a server left alone for months still has somewhere to write.
create function extend_job_history() returns void
language plpgsql security definer
set search_path from current
as $$
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

-- Output of jobs, append only. start counts UTF-16 code units from the beginning of the attempt's
-- log, because that is how clients count what they have received.
create table job_log (
  job_id uuid not null,
  attempt integer not null,
  start bigint not null,
  chunk text not null,
  primary key (job_id, attempt, start)
);

-- One lease for each worker process, renewed on a connection of its own.
create table worker_session (
  id bigint generated always as identity primary key,
  worker text not null,
  worker_group text not null,
  host text not null,
  tags text[] not null,
  slots integer not null,
  version text not null,
  isolation text not null,
  started_at timestamptz not null default now(),
  renewed_at timestamptz not null default now(),
  expires_at timestamptz not null,
  draining boolean not null default false,
  ended_at timestamptz,
  lost boolean not null default false
) with (fillfactor = 70);

create index worker_session_live on worker_session (expires_at) where ended_at is null;

-- A repeat of the same request within a day gives the same job.
create table idempotency_key (
  workspace_id text not null,
  caller text not null,
  route text not null,
  key text not null,
  request_hash bytea not null,
  job_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, caller, route, key)
);

create index idempotency_key_age on idempotency_key (created_at);
