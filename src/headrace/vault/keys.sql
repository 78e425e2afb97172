-- name: read_workspace_key
-- The key of a workspace, encrypted under the root key.
select wrapped from workspace_key where workspace_id = :workspace;

-- name: add_workspace_key
-- The key of a workspace that has none.
insert into workspace_key (workspace_id, wrapped) values (:workspace, :wrapped) on conflict do nothing;

-- name: any_workspace_key
-- One of the keys, to see whether a root key fits; needs no identity.
select workspace_id, wrapped from any_workspace_key();
