-- name: add_member
-- A user joins a workspace.
insert into workspace_user (workspace_id, username, email, is_admin, operator)
values (:workspace, :username, :email, :is_admin, :operator)
on conflict do nothing returning username;

-- name: describe_members
-- The members of the caller's workspace, all or one, with what each may do.
select username, email, name, is_admin, super_admin, operator, disabled, created_at,
       groups, readable, writable, owned
from describe_members(:username);

-- name: list_usernames
-- The names of a workspace's members.
select username from workspace_user where workspace_id = :workspace order by username;

-- name: email_of
-- Whose name this is in a workspace.
select email from workspace_user where workspace_id = :workspace and username = :username;

-- name: exists_username
-- Whether a name is taken in a workspace, however it is written.
select exists (select from workspace_user where workspace_id = :workspace and lower(username) = lower(:username));

-- name: change_member
-- Changes what is given of a member.
update workspace_user
set is_admin = coalesce(:is_admin, is_admin), operator = coalesce(:operator, operator),
    disabled = coalesce(:disabled, disabled)
where workspace_id = :workspace and username = :username
returning username;

-- name: remove_member
-- A member leaves the caller's workspace.
select remove_member(:username);
