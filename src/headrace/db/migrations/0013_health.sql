-- phase: before
-- breaking: no
-- What the whole installation looks like, for those who watch over it: numbers, and names of worker groups.

create function describe_workers(out active bigint, out worker_groups text[], out versions text[])
language sql stable security definer set search_path from current
as $$
  select count(*),
         coalesce(array_agg(distinct worker_group order by worker_group), '{}'),
         coalesce(array_agg(distinct version order by version), '{}')
  from worker_session where ended_at is null and expires_at > now()
$$;

create function count_jobs(out pending bigint, out running bigint)
language sql stable security definer set search_path from current
as $$
  select count(*) filter (where state = 'queued'), count(*) filter (where state = 'running') from job_queue
$$;

revoke execute on function describe_workers, count_jobs from public;
grant execute on function describe_workers, count_jobs to headrace_server;
