-- How many jobs there are, among those one may see. Nothing is counted beyond :most.

-- name: count_queue
-- Jobs that wait for a worker, and those suspended.
select (select count(*) from (select from job_queue
                              where workspace_id = any (:workspaces::text[]) and state = 'queued'
                              limit :most) as counted) as waiting,
       (select count(*) from (select from job_queue
                              where workspace_id = any (:workspaces::text[]) and state = 'suspended'
                              limit :most) as counted) as suspended;

-- name: count_before
-- Jobs that wait for a worker and are due before an instant.
select count(*) from (select from job_queue
                      where workspace_id = :workspace and state = 'queued' and scheduled_for < :before
                      limit :most) as counted;

-- name: count_finished
-- Finished jobs, perhaps only those of the last seconds, of some tags, or that went well or did not.
select count(*) from (select from job_history
                      where workspace_id = any (:workspaces::text[])
                        and (:seconds::float8 is null
                             or completed_at > now() - make_interval(secs => :seconds::float8))
                        and (:success::boolean is null
                             or (status in ('success', 'skipped')) = :success::boolean)
                        and (:tags::text[] is null or tag = any (:tags::text[]))
                      limit :most) as counted;

-- name: count_by_tag
-- Jobs that ended in the last seconds, of all workspaces or one, by tag.
select tag, count(*) as count
from job_history
where completed_at > now() - make_interval(secs => :seconds::float8)
  and (:workspace::text is null or workspace_id = :workspace)
group by tag
order by 2 desc, 1;
