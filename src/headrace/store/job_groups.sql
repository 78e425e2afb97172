-- Jobs of scripts by what they ran, for those who want to run them again.

-- name: read_chosen_jobs
-- Which versions some jobs run or ran, and who may see them.
select j.id, j.path, j.script_hash, j.permissioned_as, j.created_by, j.visible_to_runner_only
from job j
where j.id = any (:ids::uuid[]) and j.workspace_id = :workspace and j.kind = 'script'
union all
select h.id, h.path, h.script_hash, h.permissioned_as, h.created_by, h.visible_to_runner_only
from job_id i join job_history h on h.completed_at = i.completed_at and h.id = i.id
where i.id = any (:ids::uuid[]) and i.workspace_id = :workspace and h.kind = 'script'
order by path, script_hash, id;

-- name: read_schemas
-- The schemas of some versions, and of the newest versions of some paths.
select hash, path, schema, not archived and not deleted as is_newest
from script
where workspace_id = :workspace
  and (hash = any (:hashes::text[]) or (path = any (:paths::text[]) and not archived and not deleted));
