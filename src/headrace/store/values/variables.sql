-- name: read_variable
-- One variable.
select v.path, v.value, v.is_secret, v.description, v.labels, v.extra_perms, v.edited_by, v.edited_at,
       exists (select from resource r
               where r.workspace_id = v.workspace_id and r.path = v.path
                 and strpos(r.value, '"$var:' || v.path || '"') > 0) as is_linked
from variable v where v.workspace_id = :workspace and v.path = :path;

-- name: lock_variable
-- The same until the transaction ends, for whoever is about to change it.
select v.path, v.value, v.is_secret, v.description, v.labels, v.extra_perms, v.edited_by, v.edited_at,
       exists (select from resource r
               where r.workspace_id = v.workspace_id and r.path = v.path
                 and strpos(r.value, '"$var:' || v.path || '"') > 0) as is_linked
from variable v where v.workspace_id = :workspace and v.path = :path for update of v;

-- name: list_variables
-- Variables by path. What is null narrows nothing; values of secrets are neither searched nor given but as
-- ciphertexts.
select v.path, v.value, v.is_secret, v.description, v.labels, v.extra_perms, v.edited_by, v.edited_at,
       exists (select from resource r
               where r.workspace_id = v.workspace_id and r.path = v.path
                 and strpos(r.value, '"$var:' || v.path || '"') > 0) as is_linked
from variable v
where v.workspace_id = :workspace
  and (:owners::text[] is null or v.owner = any (:owners::text[]))
  and (:path::text is null or v.path = :path)
  and (:path_start::text is null or starts_with(v.path, :path_start))
  and (:label::text is null or :label = any (v.labels))
  and (:description::text is null or strpos(lower(v.description), lower(:description)) > 0)
  and (:value::text is null or not v.is_secret and strpos(lower(v.value), lower(:value)) > 0)
  and (:anywhere::text is null or strpos(lower(v.path), lower(:anywhere)) > 0
       or strpos(lower(v.description), lower(:anywhere)) > 0
       or not v.is_secret and strpos(lower(v.value), lower(:anywhere)) > 0)
order by v.path limit :limit offset :offset;

-- name: list_secrets
-- Where the workspace's secrets are.
select path from variable where workspace_id = :workspace and is_secret order by path;

-- name: replace_ciphertext
-- The same secret in another ciphertext: nothing that a reader would call a change.
update variable set value = :ciphertext where workspace_id = :workspace and path = :path and is_secret;

-- name: add_variable
-- A new variable; no row where its path is taken.
insert into variable (workspace_id, path, value, is_secret, description, labels, created_by, edited_by)
values (:workspace, :path, :value, :is_secret, :description, :labels, :username, :username)
on conflict do nothing;

-- name: change_variable
-- All that can change of a variable, its path too.
update variable set path = :new_path, value = :value, is_secret = :is_secret, description = :description,
       labels = :labels, edited_by = :username, edited_at = now()
where workspace_id = :workspace and path = :path;

-- name: delete_variable
-- Removes a variable.
delete from variable where workspace_id = :workspace and path = :path;
