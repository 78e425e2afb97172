-- name: read_resource
-- One resource.
select r.path, r.value, r.resource_type, r.description, r.labels, r.extra_perms, r.created_by, r.edited_at,
       exists (select from variable v where v.workspace_id = r.workspace_id and v.path = r.path
                 and strpos(r.value, '"$var:' || r.path || '"') > 0) as is_linked
from resource r where r.workspace_id = :workspace and r.path = :path;

-- name: lock_resource
-- The same until the transaction ends, for whoever is about to change it.
select r.path, r.value, r.resource_type, r.description, r.labels, r.extra_perms, r.created_by, r.edited_at,
       exists (select from variable v where v.workspace_id = r.workspace_id and v.path = r.path
                 and strpos(r.value, '"$var:' || r.path || '"') > 0) as is_linked
from resource r where r.workspace_id = :workspace and r.path = :path for update of r;

-- name: list_resources
-- Resources by path, with their values only where these are wanted. What is null narrows nothing.
select r.path, case when :with_values then r.value end as value, r.resource_type, r.description, r.labels,
       r.extra_perms, r.created_by, r.edited_at,
       exists (select from variable v where v.workspace_id = r.workspace_id and v.path = r.path
                 and strpos(r.value, '"$var:' || r.path || '"') > 0) as is_linked
from resource r
where r.workspace_id = :workspace
  and (:owners::text[] is null or r.owner = any (:owners::text[]))
  and (:types::text[] is null or r.resource_type = any (:types::text[]))
  and (:types_exclude::text[] is null or not r.resource_type = any (:types_exclude::text[]))
  and (:path::text is null or r.path = :path)
  and (:path_start::text is null or starts_with(r.path, :path_start))
  and (:label::text is null or :label = any (r.labels))
  and (:description::text is null or strpos(lower(r.description), lower(:description)) > 0)
  and (:value::text is null or strpos(lower(r.value), lower(:value)) > 0)
  and (:anywhere::text is null or strpos(lower(r.path), lower(:anywhere)) > 0
       or strpos(lower(r.resource_type), lower(:anywhere)) > 0
       or strpos(lower(r.description), lower(:anywhere)) > 0
       or strpos(lower(r.value), lower(:anywhere)) > 0)
order by r.path limit :limit offset :offset;

-- name: list_resource_beginnings
-- Path and the beginning of the value of resources that are no state, and whether that is all of it.
select path, left(value, :most_characters) as value, length(value) > :most_characters as truncated
from resource
where workspace_id = :workspace and resource_type <> 'state'
  and (:owners::text[] is null or owner = any (:owners::text[]))
order by path limit :limit;

-- name: count_resource_types
-- How many resources of each type there are to see.
select resource_type, count(*) as count from resource
where workspace_id = :workspace and (:owners::text[] is null or owner = any (:owners::text[]))
group by resource_type order by resource_type;

-- name: add_resource
-- A new resource; no row where its path is taken.
insert into resource (workspace_id, path, value, resource_type, description, labels, created_by, edited_by)
values (:workspace, :path, :value, :resource_type, :description, :labels, :username, :username)
on conflict do nothing;

-- name: change_resource
-- All that can change of a resource, its path too.
update resource set path = :new_path, value = :value, resource_type = :resource_type,
       description = :description, labels = :labels, edited_by = :username, edited_at = now()
where workspace_id = :workspace and path = :path;

-- name: set_value
-- A new value for a resource.
update resource set value = :value, edited_by = :username, edited_at = now()
where workspace_id = :workspace and path = :path
returning path;

-- name: delete_resource
-- Removes a resource.
delete from resource where workspace_id = :workspace and path = :path;
