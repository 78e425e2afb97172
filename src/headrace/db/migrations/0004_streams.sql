-- phase: before
-- breaking: no
-- What comes of a job besides its result: a stream while it runs, labels, progress; and which function it
-- calls, and whether a preprocessor comes before that.

alter table script add column has_preprocessor boolean not null default false;

-- entry is the function that is called where it is not main. preprocessed is false where a preprocessor
-- has yet to make the arguments of main, true where it has, null where none is asked for.
alter table job add column entry text, add column preprocessed boolean;
alter table job_history add column entry text, add column preprocessed boolean, add column progress smallint;

-- Percent, as far as the running attempt has told.
alter table job_queue add column progress smallint;

grant update (progress) on job_queue to headrace_server;
grant update (args, preprocessed) on job to headrace_worker;

-- Pieces of a result that comes while its job runs, append only. They last as long as the job does: then its
-- result has them. start counts UTF-16 code units, as in job_log.
create table job_stream (
  job_id uuid not null,
  attempt integer not null,
  start bigint not null,
  chunk text not null,
  primary key (job_id, attempt, start)
);

alter table job_stream enable row level security;
grant select, insert, delete on job_stream to headrace_worker;
create policy workers on job_stream for all to headrace_worker using (true) with check (true);

-- As with logs, a function that looks at the run once instead of a policy that looks at it for each piece.
create function read_job_stream(
  wanted_job uuid, wanted_attempt integer, from_start bigint, most_chunks integer)
returns table (start bigint, chunk text)
language sql stable security definer
set search_path from current
as $$
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
revoke execute on function read_job_stream from public;
grant execute on function read_job_stream to headrace_server;

-- Which finished jobs have a label. Beside it stands who may see the run: its wall is that of job_history.
create table job_label (
  workspace_id text not null,
  label text not null,
  completed_at timestamptz not null,
  job_id uuid not null,
  owner text,
  permissioned_as text not null,
  created_by text not null,
  visible_to_runner_only boolean not null,
  primary key (workspace_id, label, completed_at, job_id)
);

alter table job_label enable row level security;
grant select, insert on job_label to headrace_server, headrace_worker;

create policy viewers on job_label for select to headrace_server
  using (workspace_id = (select current_workspace())
         and ((select is_workspace_admin())
              or permissioned_as = any ((select own_identities())::text[])
              or created_by = (select current_username())
              or (not visible_to_runner_only and owner = any ((select readable_owners())::text[]))));
create policy enders on job_label for insert to headrace_server
  with check (workspace_id = (select current_workspace())
              and ((select is_workspace_admin())
                   or permissioned_as = any ((select own_identities())::text[])
                   or created_by = (select current_username())
                   or owner = any ((select writable_owners())::text[])));
create policy workers on job_label for all to headrace_worker using (true) with check (true);
