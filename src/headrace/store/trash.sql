-- name: trash_script
-- Deletes versions of a path, all or one, for three days at first.
select trash_script(:path, :hash);

-- name: list_trash
-- What lies in the trash bin, the latest first.
select id, item_kind, item_path, deleted_by, deleted_at, expires_at from trash
where workspace_id = :workspace and (:kind::text is null or item_kind = :kind) and expires_at > now()
order by deleted_at desc, id desc
limit :most offset :skip;

-- name: read_trash
-- One item of the trash bin.
select id, item_kind, item_path, deleted_by, deleted_at, expires_at from trash
where workspace_id = :workspace and id = :id and expires_at > now();

-- name: read_trashed_versions
-- The versions that an item holds, newest first.
select * from script where workspace_id = :workspace and trash_id = :id
order by created_at desc, number desc
limit :most;

-- name: restore_trashed_script
-- Gives versions back to their path.
select hash, path, language, is_locked from restore_trashed_script(:id);

-- name: erase_trash
-- Erases one item, or with null all of the workspace's; how many.
select erase_trash(:id);

-- name: erase_expired_trash
-- Erases what nobody has restored in time; how many items.
select erase_expired_trash();
