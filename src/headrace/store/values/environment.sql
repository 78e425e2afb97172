-- name: list_environment_variables
-- What a workspace adds to the environment of its jobs.
select name, value from environment_variable where workspace_id = :workspace order by name;

-- name: set_environment_variable
-- A new one, or another value for one that is there.
insert into environment_variable (workspace_id, name, value) values (:workspace, :name, :value)
on conflict (workspace_id, name) do update set value = excluded.value;

-- name: delete_environment_variable
-- Takes one away.
delete from environment_variable where workspace_id = :workspace and name = :name;
