-- phase: before
-- breaking: no
-- A caller may ask that nothing is started where too many jobs wait already.

-- Whether more jobs of a tag than that wait, in the caller's workspace. A function, because jobs that one
-- may not see are in the way as well. The count stops at the limit.
create function queue_is_longer(wanted_tag text, most integer) returns boolean
language sql stable security definer
set search_path from current
as $$
  select count(*) > most
  from (
    select from job_queue
    where tag = wanted_tag and workspace_id = current_workspace() and state = 'queued' and held is null
    limit most + 1
  ) as waiting
$$;
revoke execute on function queue_is_longer from public;
grant execute on function queue_is_longer to headrace_server;
