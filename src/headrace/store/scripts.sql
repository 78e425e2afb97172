-- name: add_script
-- Stores a version. No row where there is one with its hash. The parent is locked: its time is earlier.
-- Rights that were given by name on the parent are given on the version, too.
insert into script (workspace_id, hash, path, parent_hash, summary, description, content, language, kind, schema,
                    lock, lock_job, is_library, has_preprocessor, deployment_message, settings, created_by, created_at,
                    extra_perms)
values (:workspace, :hash, :path, :parent_hash, :summary, :description, :content, :language, :kind, :schema,
        :lock, :lock_job, :is_library, :has_preprocessor, :deployment_message, :settings, :created_by, clock_timestamp(),
        coalesce((select parent.extra_perms from script parent
                  where parent.workspace_id = :workspace and parent.hash = :parent_hash), '{}'))
on conflict (workspace_id, hash) do nothing;

-- name: lock_head
-- The newest version of a path, locked against another deployment.
select hash from script
where workspace_id = :workspace and path = :path and not archived and not deleted
for update;

-- name: archive_version
-- A version makes way, for its successor or for nothing. Its hash stays runnable.
update script set archived = true where workspace_id = :workspace and hash = :hash and not archived
returning path;

-- name: set_lock_job
-- Says which job makes a version's lock.
update script set lock_job = :job where workspace_id = :workspace and hash = :hash;

-- name: settle_lock
-- What a dependencies job that has just ended means for its version. Returns the tags of jobs let go.
select settle_script_lock(:job, :lock, :lock_error) as tag;

-- name: read_script
-- One version by hash.
select * from script where workspace_id = :workspace and hash = :hash;

-- name: hold_lock
-- Keeps a version's lock from coming until the transaction ends.
select hold_script_lock(:workspace, :hash);

-- name: read_head
-- The newest version of a path.
select * from script where workspace_id = :workspace and path = :path and not archived and not deleted;

-- name: read_last_archived
-- The last version that was at a path.
select * from script
where workspace_id = :workspace and path = :path and archived and not deleted
order by created_at desc
limit 1;

-- name: read_lineage
-- Ancestors of a version, nearest first.
select hash from script
where workspace_id = :workspace and line = :line and number < :number
order by number desc
limit 100;

-- name: read_line_end
-- Where a line has come to, at whatever path.
select * from script where workspace_id = :workspace and line = :line and not deleted
order by number desc
limit 1;

-- name: read_successor
-- The version that came after another one in its line, at whatever path.
select * from script where workspace_id = :workspace and parent_hash = :hash;

-- name: deleted_path
-- The path of a deleted version, for those who may read it.
select deleted_script_path(:hash);

-- name: read_history
-- The versions of a line, newest first, without their source.
select hash, number, path, deployment_message, created_by, created_at, archived
from script
where workspace_id = :workspace and line = :line and not deleted
  and (:every_owner::boolean or owner = any (:owners::text[]))
order by number desc
limit :most offset :skip;

-- name: set_deployment_message
-- Says anew why a version was deployed.
update script set deployment_message = :message
where workspace_id = :workspace and hash = :hash and not deleted
returning path;

-- name: set_error_handler_muted
-- Whether failures of a script's newest version reach the workspace's error handler.
update script set error_handler_muted = :muted
where workspace_id = :workspace and path = :path and not archived and not deleted
returning hash;

-- name: read_modules
-- The newest versions of paths, among those one may read.
select path, content, lock, language from script
where workspace_id = :workspace and path = any (:paths::text[]) and not archived and not deleted;

-- name: list_paths
-- The paths of all scripts one may see.
select path from script
where workspace_id = :workspace and not archived and not deleted
  and (:every_owner::boolean or owner = any (:owners::text[]))
order by path;

-- name: list_sources
-- The source of the newest versions, latest first, as far as :most_bytes reach.
select path, content from (
  select path, content,
         sum(octet_length(content)) over (order by created_at desc, hash rows unbounded preceding) as bytes
  from script
  where workspace_id = :workspace and not archived and not deleted
    and (:every_owner::boolean or owner = any (:owners::text[]))
) source
where bytes <= :most_bytes
order by path;

-- name: read_content_hashes
-- What the newest versions of paths are made of, as a hash.
select path, encode(sha256(convert_to(content, 'UTF8')), 'hex') as hash
from script
where workspace_id = :workspace and path = any (:paths::text[]) and not archived and not deleted
  and (:every_owner::boolean or owner = any (:owners::text[]));
