-- name: read_resource
-- One resource.
select path, value, resource_type, description, extra_perms, created_by, edited_at
from resource where workspace_id = :workspace and path = :path;

-- name: add_resource
-- A new resource; no row where its path is taken.
insert into resource (workspace_id, path, value, resource_type, description, created_by)
values (:workspace, :path, :value, :resource_type, :description, :created_by)
on conflict do nothing;

-- name: set_value
-- A new value for a resource.
update resource set value = :value, edited_at = now() where workspace_id = :workspace and path = :path
returning path;
