-- name: read_script_perms
-- Rights on the newest version of a script.
select extra_perms from script
where workspace_id = :workspace and path = :path and not archived and not deleted;

-- name: add_script_perm
-- Gives a right on the newest version of a script.
update script set extra_perms = extra_perms || jsonb_build_object(:identity::text, :write::boolean)
where workspace_id = :workspace and path = :path and not archived and not deleted;

-- name: remove_script_perm
-- Takes a right on the newest version of a script away.
update script set extra_perms = extra_perms - :identity::text
where workspace_id = :workspace and path = :path and not archived and not deleted;

-- name: read_resource_perms
-- Rights on a resource.
select extra_perms from resource where workspace_id = :workspace and path = :path;

-- name: add_resource_perm
-- Gives a right on a resource.
update resource set extra_perms = extra_perms || jsonb_build_object(:identity::text, :write::boolean)
where workspace_id = :workspace and path = :path;

-- name: remove_resource_perm
-- Takes a right on a resource away.
update resource set extra_perms = extra_perms - :identity::text
where workspace_id = :workspace and path = :path;

-- name: read_variable_perms
-- Rights on a variable.
select extra_perms from variable where workspace_id = :workspace and path = :path;

-- name: add_variable_perm
-- Gives a right on a variable.
update variable set extra_perms = extra_perms || jsonb_build_object(:identity::text, :write::boolean)
where workspace_id = :workspace and path = :path;

-- name: remove_variable_perm
-- Takes a right on a variable away.
update variable set extra_perms = extra_perms - :identity::text
where workspace_id = :workspace and path = :path;

-- name: read_folder_perms
-- Rights on a folder.
select extra_perms from folder where workspace_id = :workspace and name = :path;

-- name: add_folder_perm
-- Gives a right on a folder.
update folder
set extra_perms = extra_perms || jsonb_build_object(:identity::text, :write::boolean), edited_at = now()
where workspace_id = :workspace and name = :path;

-- name: remove_folder_perm
-- Takes a right on a folder away.
update folder set extra_perms = extra_perms - :identity::text, edited_at = now()
where workspace_id = :workspace and name = :path;

-- name: read_group_perms
-- Who manages a group.
select extra_perms from workspace_group where workspace_id = :workspace and name = :path;

-- name: add_group_perm
-- Somebody manages a group.
update workspace_group set extra_perms = extra_perms || jsonb_build_object(:identity::text, :write::boolean)
where workspace_id = :workspace and name = :path;

-- name: remove_group_perm
-- Somebody does not manage a group any more.
update workspace_group set extra_perms = extra_perms - :identity::text
where workspace_id = :workspace and name = :path;
