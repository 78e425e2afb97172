-- phase: before
-- breaking: no
-- Variables have rights that are given by name, as scripts and resources have, and are counted in folders.

create or replace function count_items(wanted_owner text) returns table (kind text, items bigint)
language sql stable security definer
set search_path from current
as $$
  select 'scripts', count(*) from script
  where workspace_id = current_workspace() and owner = wanted_owner and not archived and not deleted
  union all
  select 'resources', count(*) from resource
  where workspace_id = current_workspace() and owner = wanted_owner
  union all
  select 'variables', count(*) from variable
  where workspace_id = current_workspace() and owner = wanted_owner
$$;

create or replace function forget_identity(wanted_workspace text, wanted_identity text) returns void
language sql volatile security definer
set search_path from current
as $$
  update folder
  set owners = array_remove(owners, wanted_identity), extra_perms = extra_perms - wanted_identity
  where workspace_id = wanted_workspace and (wanted_identity = any (owners) or extra_perms ? wanted_identity);
  update workspace_group set extra_perms = extra_perms - wanted_identity
  where workspace_id = wanted_workspace and extra_perms ? wanted_identity;
  update script set extra_perms = extra_perms - wanted_identity
  where workspace_id = wanted_workspace and extra_perms ? wanted_identity;
  update resource set extra_perms = extra_perms - wanted_identity
  where workspace_id = wanted_workspace and extra_perms ? wanted_identity;
  update variable set extra_perms = extra_perms - wanted_identity
  where workspace_id = wanted_workspace and extra_perms ? wanted_identity;
$$;
