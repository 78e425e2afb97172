-- name: write_audit
-- One row for each mutation.
insert into audit (workspace_id, username, operation, action_kind, resource, parameters)
values (:workspace, :username, :operation, :action, :resource, :parameters);
