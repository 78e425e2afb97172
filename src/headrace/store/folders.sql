-- name: add_folder
-- A new folder.
insert into folder (workspace_id, name, display_name, summary, owners, extra_perms, labels, created_by)
values (:workspace, :name, :display_name, :summary, :owners, :extra_perms, :labels, :created_by)
on conflict do nothing;

-- name: list_folders
-- The folders one may read.
select name, display_name, summary, owners, extra_perms, labels, created_by, edited_at
from folder
where workspace_id = :workspace and (:every_owner::boolean or 'f/' || name = any (:owners::text[]))
order by name
limit :most offset :skip;

-- name: read_folder
-- One folder.
select name, display_name, summary, owners, extra_perms, labels, created_by, edited_at
from folder where workspace_id = :workspace and name = :name;

-- name: lock_folder
-- One folder, locked against other changes.
select name, display_name, summary, owners, extra_perms, labels, created_by, edited_at
from folder where workspace_id = :workspace and name = :name
for update;

-- name: change_folder
-- Another state of a folder.
update folder
set display_name = :display_name, summary = :summary, owners = :owners, extra_perms = :extra_perms,
    labels = :labels, edited_at = now()
where workspace_id = :workspace and name = :name;

-- name: remove_folder
-- A folder goes; what lies in it stays.
delete from folder where workspace_id = :workspace and name = :name;

-- name: count_items
-- How many things of each kind lie under f/<folder> or u/<user>.
select kind, items from count_items(:owner);
