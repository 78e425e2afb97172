-- Files of a workspace: what each key refers to. A blob that is let go is doubted by a trigger.

-- name: put_file
-- A file under a key; one that is there is replaced.
insert into workspace_file as f (workspace_id, key, blob, content_type, created_by)
values (:workspace, :key, :blob, :content_type, :created_by)
on conflict (workspace_id, key) do update
  set blob = excluded.blob, content_type = excluded.content_type, created_by = excluded.created_by,
      edited_at = now();

-- name: read_file
-- What a key refers to.
select key, blob, content_type, edited_at from workspace_file where workspace_id = :workspace and key = :key;

-- name: delete_file
-- No row where there was none.
delete from workspace_file where workspace_id = :workspace and key = :key returning key;

-- name: move_file
-- Another key for a file. No row where there is none.
update workspace_file set key = :new_key, edited_at = now()
where workspace_id = :workspace and key = :key
returning key;

-- name: list_files
-- Keys in order, after a marker, with a prefix, with a text in them.
select key, (blob ->> 'size')::bigint as size, edited_at
from workspace_file
where workspace_id = :workspace and key > :marker and starts_with(key, :prefix)
  and strpos(lower(key), lower(:search)) > 0
order by key
limit :most;

-- name: list_level
-- One level below a prefix: folders (with a slash at their end) and files, in order, after a marker.
select name, bool_or(is_folder) as is_folder, max(size) as size, max(edited_at) as edited_at
from (select case when position('/' in rest) > 0 then left(rest, position('/' in rest)) else rest end as name,
             position('/' in rest) > 0 as is_folder, size, edited_at
      from (select substr(key, length(:prefix::text) + 1) as rest, (blob ->> 'size')::bigint as size, edited_at
            from workspace_file
            where workspace_id = :workspace and starts_with(key, :prefix)) below) named
where name collate "C" > :marker
group by name
order by name collate "C"
limit :most;

-- name: file_exists
-- Whether there is a file under a key, and whether there are any below it.
select exists (select from workspace_file where workspace_id = :workspace and key = :key) as is_file,
       exists (select from workspace_file
               where workspace_id = :workspace and starts_with(key, :key || '/')) as is_folder;

-- name: sum_files
-- How much a workspace's files have.
select coalesce(sum((blob ->> 'size')::bigint), 0)::bigint as bytes, now() as computed_at
from workspace_file where workspace_id = :workspace;

-- name: read_file_link_key
-- What links are signed with.
select read_file_link_key();

-- name: read_linked_file
-- A file by a link that has been found right.
select blob, content_type from read_linked_file(:workspace, :key);
