-- name: add_workspace
-- A new tenant.
insert into workspace (id, name, owner, color) values (:id, :name, :owner, :color)
on conflict do nothing returning id;

-- name: list_workspaces
-- Workspaces one may see, but for archived ones.
select id, name, owner, color, deleted, created_at from workspace where not deleted order by id;

-- name: list_every_workspace
-- All workspaces, archived ones too.
select id, name, owner, color, deleted, created_at from workspace order by id limit :most offset :skip;

-- name: list_memberships
-- The workspaces of a user, with what they are there.
select w.id, w.name, w.color, m.username, m.is_admin, m.operator, m.disabled
from workspace_user m join workspace w on w.id = m.workspace_id
where m.email = :email and not w.deleted
order by w.id;

-- name: read_workspace
-- One workspace.
select id, name, owner, color, deleted, created_at from workspace where id = :id;

-- name: exists_workspace
-- Whether an id is taken, among the workspaces one may see.
select exists (select from workspace where id = :id);

-- name: change_workspace
-- Changes what is given of a workspace.
update workspace set name = coalesce(:name, name), color = coalesce(:color, color) where id = :id
returning id;

-- name: set_archived
-- Shuts a workspace, or opens it again.
update workspace set deleted = :archived where id = :id and deleted <> :archived returning id;
