-- name: archive_file
-- A file makes way for a newer version, or for none. Returns what there was.
update workspace_dependencies set archived = true
where workspace_id = :workspace and language = :language and name = :name and not archived
returning id;

-- name: add_file
-- A new version of a file.
insert into workspace_dependencies (workspace_id, language, name, description, content, created_by)
values (:workspace, :language, :name, :description, :content, :created_by)
returning id;

-- name: delete_file
-- A file goes with all its versions.
delete from workspace_dependencies
where workspace_id = :workspace and language = :language and name = :name
returning id;

-- name: read_file
-- The newest version of a file.
select * from workspace_dependencies
where workspace_id = :workspace and language = :language and name = :name and not archived;

-- name: list_files
-- The newest versions of a workspace's files.
select * from workspace_dependencies where workspace_id = :workspace and not archived
order by language, name;

-- name: list_files_of_all
-- The files of all workspaces that one may see.
select * from workspace_dependencies where not archived order by workspace_id, language, name;

-- name: read_contents
-- All files of a language, to lock with.
select name, content from workspace_dependencies
where workspace_id = :workspace and language = :language and not archived;
