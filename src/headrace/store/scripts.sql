-- name: add_script
-- Stores a version.
insert into script (workspace_id, hash, path, parent_hash, summary, description, content, language, kind, schema,
                    lock, lock_job, is_library, has_preprocessor, deployment_message, settings, created_by)
values (:workspace, :hash, :path, :parent_hash, :summary, :description, :content, :language, :kind, :schema,
        :lock, :lock_job, :is_library, :has_preprocessor, :deployment_message, :settings, :created_by);

-- name: lock_head
-- The newest version of a path, locked against another deployment.
select hash from script
where workspace_id = :workspace and path = :path and not archived and not deleted
for update;

-- name: archive_version
-- A version makes way for its successor. Its hash stays runnable.
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

-- name: read_lineage
-- Ancestors of a version, nearest first.
with recursive ancestor (hash, depth) as (
  select parent_hash, 1 from script where workspace_id = :workspace and hash = :hash
  union all
  select s.parent_hash, a.depth + 1
  from ancestor a join script s on s.workspace_id = :workspace and s.hash = a.hash
  where a.hash is not null and a.depth < 100
)
select hash from ancestor where hash is not null order by depth;

-- name: read_modules
-- The newest versions of paths, among those one may read.
select path, content, lock, language from script
where workspace_id = :workspace and path = any (:paths::text[]) and not archived and not deleted;

-- name: list_scripts
-- Newest versions of paths without their source, or those that made way.
select hash, path, parent_hash, '' as content, language, summary, description, kind, null as schema,
       null as lock, lock_error, lock_job, is_library, deployment_message, settings, extra_perms,
       created_by, created_at, archived, deleted, has_preprocessor
from script
where workspace_id = :workspace and not deleted and archived = :archived
  and (:path_exact::text is null or path = :path_exact)
  and (:path_start::text is null or starts_with(path, :path_start))
  and (:created_by::text is null or created_by = :created_by)
  and (:with_libraries::boolean or not is_library)
order by case when :newest_first::boolean then created_at end desc, created_at
limit :most offset :skip;
