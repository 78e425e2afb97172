-- name: export_scripts
-- The newest versions of all scripts one may see.
select * from script
where workspace_id = :workspace and not archived and not deleted
  and (:every_owner::boolean or owner = any (:owners::text[]))
order by path;

-- name: export_resources
-- All resources one may see, but what scripts keep between their runs.
select path, value, resource_type, description, labels, extra_perms, created_by, edited_at, false as is_linked
from resource
where workspace_id = :workspace and resource_type <> 'state'
  and (:every_owner::boolean or owner = any (:owners::text[]))
order by path;

-- name: export_variables
-- All variables one may see; of secrets the ciphertexts.
select path, value, is_secret, description, labels, extra_perms, edited_by, edited_at, false as is_linked
from variable
where workspace_id = :workspace
  and (:every_owner::boolean or owner = any (:owners::text[]))
order by path;
