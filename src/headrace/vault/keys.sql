-- name: read_workspace_key
-- The key of a workspace, encrypted under the root key.
select wrapped from workspace_key where workspace_id = :workspace;

-- name: add_workspace_key
-- The key of a workspace that has none.
insert into workspace_key (workspace_id, wrapped) values (:workspace, :wrapped) on conflict do nothing;

-- name: hold_workspace_key
-- Keeps the key of a workspace as it is until the transaction ends; as many as want to hold it at once.
select pg_advisory_xact_lock_shared(hashtext('workspace_key'), hashtext(:workspace));

-- name: take_workspace_key
-- Waits until nobody holds the key of a workspace, and keeps it to oneself until the transaction ends.
select pg_advisory_xact_lock(hashtext('workspace_key'), hashtext(:workspace));

-- name: change_workspace_key
-- Another key for a workspace that has one.
update workspace_key set wrapped = :wrapped where workspace_id = :workspace;

-- name: any_workspace_key
-- One of the keys, to see whether a root key fits; needs no identity.
select workspace_id, wrapped from any_workspace_key();
