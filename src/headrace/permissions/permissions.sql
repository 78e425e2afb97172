-- name: identify_token
-- Whose token this is, and what it is limited to; no row for one that is unknown or over.
select email, super_admin, workspace_id, scopes, read_only from identify_token(:hash);

-- name: identify_member
-- The same, with what its owner may do in a workspace: nulls for who is no member, and whether a superadmin may.
select t.email, t.super_admin, t.workspace_id, t.scopes, t.read_only,
       t.super_admin and workspace_exists(:workspace) as may_without_membership,
       m.username, m.is_admin, m.operator, m.groups, m.readable, m.writable, m.owned
from identify_token(:hash) t
left join lateral describe_member(:workspace, username_of(:workspace, t.email)) m on true;

-- name: identify_job
-- The running job that a token belongs to, with what the user or group may do whom it runs as: nulls where there
-- is none.
select j.token_hash, j.workspace_id, j.permissioned_as, coalesce(m.email, j.email) as email,
       m.username, m.is_admin, m.operator, m.groups,
       coalesce(m.readable, g.readable) as readable, coalesce(m.writable, g.writable) as writable,
       coalesce(m.owned, g.owned) as owned,
       j.permissioned_as not like '%/%' and is_superadmin_email(j.permissioned_as)
         and workspace_exists(j.workspace_id) as is_superadmin
from find_job_token(:job, :attempt) j
left join lateral describe_member(j.workspace_id, substring(j.permissioned_as from '^u/(.+)')) m on true
left join lateral describe_group(j.workspace_id, substring(j.permissioned_as from '^g/(.+)')) g on true;

-- name: is_superadmin_in
-- Whether somebody known by email alone is a superadmin who may sign in, and the workspace is there.
select is_superadmin_email(:email) and workspace_exists(:workspace);

-- name: describe_member
-- What a user may do in a workspace.
select username, email, is_admin, operator, groups, readable, writable, owned
from describe_member(:workspace, :username);

-- name: describe_group
-- What a group may do in a workspace.
select readable, writable, owned from describe_group(:workspace, :name);

-- name: find_password
-- For signing in.
select email, password_hash from find_password(:email);

-- name: add_session_token
-- A new session.
select add_session_token(:hash, :prefix, :email, :expires_at);
