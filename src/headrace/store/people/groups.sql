-- name: add_group
-- A new group.
insert into workspace_group (workspace_id, name, summary, extra_perms)
values (:workspace, :name, :summary, :extra_perms)
on conflict do nothing returning name;

-- name: list_groups
-- The groups of a workspace with their members.
select g.name, g.summary, g.extra_perms,
       array(select m.username from group_member m
             where m.workspace_id = g.workspace_id and m.group_name = g.name order by m.username) as members
from workspace_group g
where g.workspace_id = :workspace
order by g.name
limit :most offset :skip;

-- name: list_group_names
-- The names of a workspace's groups.
select name from workspace_group where workspace_id = :workspace order by name;

-- name: read_group
-- One group with its members.
select g.name, g.summary, g.extra_perms,
       array(select m.username from group_member m
             where m.workspace_id = g.workspace_id and m.group_name = g.name order by m.username) as members
from workspace_group g
where g.workspace_id = :workspace and g.name = :name;

-- name: set_summary
-- Says what a group is for.
update workspace_group set summary = :summary where workspace_id = :workspace and name = :name
returning name;

-- name: add_group_member
-- A member of the workspace joins a group.
insert into group_member (workspace_id, group_name, username) values (:workspace, :name, :username)
on conflict do nothing returning username;

-- name: remove_group_member
-- A member leaves a group.
delete from group_member where workspace_id = :workspace and group_name = :name and username = :username
returning username;

-- name: remove_group
-- A group of the caller's workspace goes.
select remove_group(:name);
