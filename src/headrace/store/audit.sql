-- name: write_audit
-- One row for each mutation.
insert into audit (workspace_id, username, operation, action_kind, resource, parameters)
values (:workspace, :username, :operation, :action, :resource, :parameters);

-- name: list_audit
-- What was done, the latest first. Without a workspace: in all of them, and on the instance.
select id, at, workspace_id, username, operation, action_kind, resource, parameters
from audit
where (:workspace::text is null or workspace_id = :workspace or (:with_instance::boolean and workspace_id is null))
  and (:username::text is null or username = :username)
  and (:before::timestamptz is null or at < :before)
  and (:after::timestamptz is null or at > :after)
  and (:before_id::bigint is null or id < :before_id)
  and (:operations::text[] is null or operation = any (:operations))
  and (:not_operations::text[] is null or operation <> all (:not_operations))
  and (:resource::text is null or resource = :resource)
  and (:action::text is null or action_kind = :action)
order by id desc
limit :most offset :skip;

-- name: read_audit
-- One row of the audit log.
select id, at, workspace_id, username, operation, action_kind, resource, parameters
from audit
where id = :id and (workspace_id = :workspace or (:with_instance::boolean and workspace_id is null))
  and (:username::text is null or username = :username);
