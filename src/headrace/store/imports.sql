-- name: delete_imports
-- Nothing is known any more of what a path imports.
delete from script_import
where workspace_id = :workspace and importer_kind = 'script' and importer_path = :path;

-- name: add_imports
-- What a path imports.
insert into script_import (workspace_id, importer_path, imported_path)
select :workspace, :path, imported from unnest(:imported::text[]) as imported
on conflict do nothing;

-- name: list_imports
-- The map, as far as one may read both ends; of what an import may mean, that which is there.
select i.importer_kind, i.importer_path, i.imported_path
from script_import i
where i.workspace_id = :workspace
  and (exists (select from script s
               where s.workspace_id = :workspace and s.path = i.imported_path and not s.archived and not s.deleted)
       or exists (select from workspace_dependencies d
                  where d.workspace_id = :workspace and not d.archived
                    and i.imported_path = 'dependencies/' || d.name || case when d.name <> '' then '.' else '' end
                                          || 'requirements.in'))
order by i.importer_path, i.imported_path
limit 10000;

-- name: list_dependents
-- Who imports one of these paths directly, as far as one may read it.
select i.imported_path, i.importer_kind, i.importer_path
from script_import i
where i.workspace_id = :workspace and i.imported_path = any (:paths::text[])
order by i.imported_path, i.importer_path
limit 10000;

-- name: read_sources
-- The newest versions of all scripts, in pages by path, to rebuild the map from.
select path, content, language, created_by from script
where workspace_id = :workspace and path > :after and not archived and not deleted
order by path limit 500;

-- name: clear_imports
-- Before the map is rebuilt: what scripts import, to the last row.
delete from script_import where workspace_id = :workspace and importer_kind = 'script';

-- name: find_alike
-- Newest versions at paths that would be one of these if '-' and '.' were '_': it may be what was meant.
select path from script
where workspace_id = :workspace and translate(path, '-.', '__') = any (:alike::text[])
  and path ~ '[-.]' and not archived and not deleted
order by path limit 10;
