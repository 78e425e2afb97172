-- name: read_resource_type
-- A type by name: the workspace's own, else that of the workspace admins.
select workspace_id, name, schema, description, display_name, format_extension, is_fileset, created_by,
       edited_at
from resource_type where name = :name and workspace_id in (:workspace, 'admins')
order by workspace_id <> :workspace limit 1;

-- name: list_resource_types
-- All types, of two with one name the workspace's own.
select distinct on (name)
       workspace_id, name, schema, description, display_name, format_extension, is_fileset, created_by,
       edited_at
from resource_type where workspace_id in (:workspace, 'admins')
order by name, workspace_id <> :workspace;

-- name: add_resource_type
-- A new type; no row where its name is taken in this workspace.
insert into resource_type (workspace_id, name, schema, description, display_name, format_extension,
                           is_fileset, created_by)
values (:workspace, :name, :schema, :description, :display_name, :format_extension, :is_fileset, :username)
on conflict do nothing;

-- name: change_resource_type
-- All that can change of a type.
update resource_type set schema = :schema, description = :description, display_name = :display_name,
       format_extension = :format_extension, is_fileset = :is_fileset, edited_at = now()
where workspace_id = :workspace and name = :name;

-- name: delete_resource_type
-- Removes a type.
delete from resource_type where workspace_id = :workspace and name = :name;
