-- phase: before
-- breaking: no
-- Admins of a workspace, as persons, give it another key; until now it was made once, and stayed.

grant update (wrapped) on workspace_key to headrace_server;

drop policy own on workspace_key;
create policy members_read on workspace_key for select to headrace_server
  using (workspace_id = (select current_workspace()));
create policy members_add on workspace_key for insert to headrace_server
  with check (workspace_id = (select current_workspace()));
create policy admins_change on workspace_key for update to headrace_server
  using (workspace_id = (select current_workspace()) and (select is_workspace_admin())
         and (select current_job()) is null);
