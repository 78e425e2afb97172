-- name: identify_token
-- Whose token this is, and what it is limited to; no row for one that is unknown or over.
select email, super_admin, workspace_id, scopes, read_only from identify_token(:hash);

-- name: find_job_token
-- The running job that a token belongs to.
select token_hash, workspace_id, permissioned_as, email from find_job_token(:job, :attempt);

-- name: describe_member
-- What a user may do in a workspace.
select username, email, is_admin, operator, groups, readable, writable, owned
from describe_member(:workspace, :username);

-- name: describe_group
-- What a group may do in a workspace.
select readable, writable, owned from describe_group(:workspace, :name);

-- name: username_of
-- The name a user has in a workspace.
select username_of(:workspace, :email);

-- name: find_password
-- For signing in.
select email, password_hash from find_password(:email);

-- name: add_session_token
-- A new session.
select add_session_token(:hash, :prefix, :email, :expires_at);

-- name: workspace_exists
-- Whether a superadmin can act there.
select workspace_exists(:workspace);
