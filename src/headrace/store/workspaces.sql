-- name: add_workspace
-- A new tenant.
insert into workspace (id, name, owner) values (:id, :name, :owner) on conflict do nothing returning id;

-- name: list_workspaces
-- Workspaces one is a member of; for a superadmin all.
select id, name, owner, deleted from workspace where not deleted order by id;

-- name: exists_workspace
-- Whether an id is taken, among the workspaces one may see.
select exists (select from workspace where id = :id);

-- name: add_user
-- A new user of the instance.
insert into instance_user (email, password_hash, name, super_admin)
values (:email, :password_hash, :name, :super_admin)
on conflict do nothing returning email;

-- name: set_password
-- Replaces a user's password.
update instance_user set password_hash = :password_hash where email = :email returning email;

-- name: read_user
-- One user of the instance.
select email, name, super_admin, disabled, created_at from instance_user where email = :email;

-- name: list_users
-- All users of the instance.
select email, name, super_admin, disabled, created_at from instance_user order by email;

-- name: add_member
-- A user joins a workspace.
insert into workspace_user (workspace_id, username, email, is_admin, operator)
values (:workspace, :username, :email, :is_admin, :operator)
on conflict do nothing returning username;

-- name: read_member
-- One member of a workspace.
select username, email, is_admin, operator, disabled, created_at
from workspace_user where workspace_id = :workspace and username = :username;

-- name: add_group
-- A new group.
insert into workspace_group (workspace_id, name, summary) values (:workspace, :name, :summary)
on conflict do nothing returning name;

-- name: add_group_member
-- A member joins a group.
insert into group_member (workspace_id, group_name, username) values (:workspace, :name, :username)
on conflict do nothing returning username;

-- name: add_folder
-- A new folder.
insert into folder (workspace_id, name, display_name, summary, owners, extra_perms, created_by)
values (:workspace, :name, :display_name, :summary, :owners, :extra_perms, :created_by)
on conflict do nothing;

-- name: add_token
-- A token of one's own. One that is there stays as it is.
insert into token (hash, prefix, email, workspace_id, label, expires_at)
values (:hash, :prefix, :email, :workspace, :label, :expires_at)
on conflict do nothing;

-- name: delete_other_tokens
-- The tokens of a user that another one with the same label takes the place of.
delete from token where email = :email and label = :label and hash <> :hash;
