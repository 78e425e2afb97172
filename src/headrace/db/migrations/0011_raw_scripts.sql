-- phase: before
-- breaking: no
-- Source that was sent without being deployed, so that a job can run or lock a script together with what
-- it imports as that lies on somebody's disk. It is kept for a day, and as long as a job needs it.

create table raw_script (
  id bigint generated always as identity primary key,
  workspace_id text not null references workspace (id),
  email text not null,
  hash text not null,
  content text not null,
  stored_at timestamptz not null default now(),
  unique (workspace_id, email, hash)
);

-- What a job imports from there instead of what is deployed at these paths. No foreign key to the job, for
-- its end is hot; rows of jobs that are over are removed with what is old.
create table job_raw_script (
  job_id uuid not null,
  path text not null,
  raw_script bigint not null references raw_script (id),
  primary key (job_id, path)
);

-- squawk-ignore require-concurrent-index-creation
create index job_raw_script_by_raw_script on job_raw_script (raw_script);

------------------------------------------------------------------------------- who may

alter table raw_script enable row level security;
alter table job_raw_script enable row level security;

grant select, insert on raw_script to headrace_server;
grant update (stored_at) on raw_script to headrace_server;
grant insert on job_raw_script to headrace_server;

create policy own on raw_script for all to headrace_server
  using (workspace_id = (select current_workspace()) and email = (select current_email()))
  with check (workspace_id = (select current_workspace()) and email = (select current_email()));

-- One gives a job what one has stored oneself.
create policy own on job_raw_script for insert to headrace_server
  with check (exists (select from raw_script r where r.id = raw_script));

grant select, delete on raw_script, job_raw_script to headrace_worker;
create policy workers on raw_script for all to headrace_worker using (true);
create policy workers on job_raw_script for all to headrace_worker using (true);

------------------------------------------------------------------------------- deeds with the owner's rights

-- Makes room in the caller's workspace for some more bytes of source, of at most so many: the oldest goes
-- first, but nothing that a live job needs. Returns whether there is room. A function, because one sees only
-- what one has stored oneself.
create function make_room_for_raw_script(wanted_bytes bigint, most_bytes bigint) returns boolean
language plpgsql volatile security definer
set search_path from current
as $$
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
revoke execute on function make_room_for_raw_script from public;
grant execute on function make_room_for_raw_script to headrace_server;
