-- phase: before
-- breaking: no
-- A job that runs as a superadmin, by email alone, has rights for as long as they are one: servers ask, too.

grant execute on function is_superadmin_email to headrace_server;
grant execute on function workspace_exists to headrace_worker;
