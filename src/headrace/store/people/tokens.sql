-- name: add_token
-- A token of one's own. One that is there stays as it is.
insert into token (hash, prefix, email, workspace_id, label, expires_at, scopes, read_only)
values (:hash, :prefix, :email, :workspace, :label, :expires_at, :scopes, :read_only)
on conflict do nothing;

-- name: delete_other_tokens
-- The tokens of a user that another one with the same label takes the place of.
delete from token where email = :email and label = :label and hash <> :hash;

-- name: list_tokens
-- One's tokens, or those that are bound to a workspace, latest first.
select prefix, label, workspace_id, scopes, read_only, created_at, expires_at, last_used_at
from token
where email = :email and (:workspace::text is null or workspace_id = :workspace)
  and (expires_at is null or expires_at > now())
order by created_at desc, hash
limit :most offset :skip;

-- name: read_tokens
-- One's tokens that begin so, locked.
select hash from token
where email = :email and prefix = :prefix and (:workspace::text is null or workspace_id = :workspace)
for update;

-- name: delete_tokens
-- Tokens are no longer good.
delete from token where email = :email and hash = any (:hashes::bytea[]);

-- name: set_label
-- What tokens are for.
update token set label = :label where email = :email and hash = any (:hashes::bytea[]);

-- name: set_scopes
-- What tokens are limited to.
update token set scopes = :scopes where email = :email and hash = any (:hashes::bytea[]);

-- name: end_session
-- A session ends.
delete from token where hash = :hash and is_session returning email;
