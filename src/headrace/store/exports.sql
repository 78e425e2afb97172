-- name: export_scripts
-- The newest versions of all scripts one may see.
select * from script
where workspace_id = :workspace and not archived and not deleted
  and (:every_owner::boolean or owner = any (:owners::text[]))
order by path;

-- name: export_resources
-- All resources one may see.
select path, value, resource_type, description, extra_perms from resource
where workspace_id = :workspace
  and (:every_owner::boolean or owner = any (:owners::text[]))
order by path;

-- name: export_folders
-- All folders one may see.
select name, display_name, summary, owners, extra_perms from folder
where workspace_id = :workspace
  and (:every_owner::boolean or 'f/' || name = any (:owners::text[]))
order by name;
