-- name: save_draft
-- Stores what somebody writes; no row where another copy was saved since :last_sync, unless forced.
insert into draft as d (workspace_id, kind, path, email, username, value, base, saved_at)
values (:workspace, :kind, :path, :email, :username, :value, :base,
        date_trunc('milliseconds', least(coalesce(:written_at::timestamptz, clock_timestamp()), clock_timestamp())))
on conflict (workspace_id, kind, path, email) do update
set value = excluded.value, username = excluded.username, base = coalesce(excluded.base, d.base),
    saved_at = greatest(excluded.saved_at, d.saved_at + interval '1 ms')
where :force::boolean or d.saved_at <= :last_sync::timestamptz
returning saved_at;

-- name: discard_draft
-- Removes one's own draft; no row where another copy was saved since :last_sync, unless forced.
delete from draft
where workspace_id = :workspace and kind = :kind and path = :path and email = :email
  and (:force::boolean or saved_at <= :last_sync::timestamptz)
returning saved_at;

-- name: read_draft
-- Somebody's draft of an item.
select kind, path, email, username, value, base, saved_at from draft
where workspace_id = :workspace and kind = :kind and path = :path and email = :email;

-- name: read_draft_of
-- The draft of an item that a user of the workspace has, by name.
select kind, path, email, username, value, base, saved_at from draft
where workspace_id = :workspace and kind = :kind and path = :path and username = :username;

-- name: list_drafts
-- Drafts one may see, one's own or everybody's, with the few members that lists show.
select d.kind, d.path, d.email, d.username, d.saved_at, d.value::jsonb ->> 'summary' as summary,
       d.value::jsonb ->> 'draft_path' as draft_path, d.value::jsonb ->> 'language' as language,
       not (d.kind = 'script' and exists (select from script s
                                          where s.workspace_id = d.workspace_id and s.path = d.path
                                            and not s.archived and not s.deleted))
       and not (d.kind = 'resource' and exists (select from resource r
                                                where r.workspace_id = d.workspace_id and r.path = d.path))
         as draft_only
from draft d
where d.workspace_id = :workspace and (:everybodys::boolean or d.email = :email)
  and (:kind::text is null or d.kind = :kind)
order by d.saved_at desc, d.kind, d.path, d.email;

-- name: list_draft_users
-- Whose drafts of an item one may see, and when each was saved.
select email, username, saved_at from draft
where workspace_id = :workspace and kind = :kind and path = :path
order by username;

-- name: move_draft
-- One's own draft goes to another path, with another text.
update draft set path = :new_path, value = :value
where workspace_id = :workspace and kind = :kind and path = :path and email = :email
returning saved_at;

-- name: move_script_drafts
-- Everybody's drafts of a script go where it goes.
select move_script_drafts(:path, :new_path);

-- name: delete_drafts
-- Removes drafts of an item, one user's or all; returns whose.
delete from draft
where workspace_id = :workspace and kind = :kind and path = :path
  and (:username::text is null or username = :username)
returning username;
