-- name: add_cause
-- Something that others import has changed. The leader does the rest.
insert into relock_cause (workspace_id, imported_path, caused_by, only_failed)
values (:workspace, :imported_path, :caused_by, :only_failed);

-- name: keep_relock
-- As whom a script that was just deployed is locked again later. What was wanted before is done by its own
-- lock.
insert into script_relock (workspace_id, path, permissioned_as, email)
values (:workspace, :path, :permissioned_as, :email)
on conflict (workspace_id, path) do update
  set permissioned_as = excluded.permissioned_as, email = excluded.email, state = null, because = null,
      caused_by = null, wanted_at = null, ended_at = null, job = null, version = null, message = null;

-- name: fill_relock
-- The same for a script that was deployed before anybody kept this. One that is kept stays as it is.
insert into script_relock (workspace_id, path, permissioned_as, email)
values (:workspace, :path, :permissioned_as, :email)
on conflict (workspace_id, path) do nothing;

-- name: delete_relock
-- A script that imports nothing, or is no longer there, is not locked again.
delete from script_relock where workspace_id = :workspace and path = :path;

-- name: read_relock
-- What became of the last time that a script was locked again.
select state, because, caused_by, wanted_at, ended_at, job, version, message
from script_relock where workspace_id = :workspace and path = :path and state is not null;

-- name: spread_causes
-- Makes wishes of causes: every script that imports what changed, directly or not, each once, whatever
-- circles and diamonds there are; not the one that changed, which has a lock of its own making. because is
-- what the script itself imports. Rows are locked in order of workspace and path, as by those who end locks.
with recursive cause as (
  delete from relock_cause where id in (select id from relock_cause order by id limit 100)
  returning workspace_id, imported_path, caused_by, only_failed
),
importer (workspace_id, path, because, origin, caused_by, only_failed) as (
  select i.workspace_id, i.importer_path, i.imported_path, c.imported_path, c.caused_by, c.only_failed
  from cause c
  join script_import i on i.workspace_id = c.workspace_id and i.imported_path = c.imported_path
                          and i.importer_kind = 'script'
  union
  select i.workspace_id, i.importer_path, i.imported_path, r.origin, r.caused_by, r.only_failed
  from importer r
  join script_import i on i.workspace_id = r.workspace_id and i.imported_path = r.path
                          and i.importer_kind = 'script'
),
wish as (
  select workspace_id, path, min(because) as because, min(caused_by) as caused_by,
         bool_and(only_failed) as only_failed
  from importer where path <> origin
  group by workspace_id, path
),
locked as (
  select r.workspace_id, r.path, w.because, w.caused_by
  from script_relock r join wish w on w.workspace_id = r.workspace_id and w.path = r.path
  where not w.only_failed or r.state in ('failed', 'left')
  order by r.workspace_id, r.path
  for update of r
)
update script_relock r
set state = 'wanted', because = l.because, caused_by = l.caused_by, wanted_at = now(), ended_at = null,
    version = null, message = null
from locked l
where r.workspace_id = l.workspace_id and r.path = l.path;

-- name: count_causes
-- Whether there is more to spread.
select count(*) from relock_cause;

-- name: take_wanted
-- Scripts that are to be locked again, longest wanted first. One whose own lock is still being made waits
-- for that.
select r.workspace_id, r.path, r.permissioned_as, r.email, r.because, r.caused_by, r.job, s.hash, s.language
from script_relock r
join script s on s.workspace_id = r.workspace_id and s.path = r.path and not s.archived and not s.deleted
where r.state = 'wanted' and (s.lock is not null or s.lock_error is not null)
order by r.wanted_at, r.workspace_id, r.path
limit 100
for update of r skip locked;

-- name: mark_running
-- A job is at it.
update script_relock set state = 'running', job = :job
where workspace_id = :workspace and path = :path and state = 'wanted';

-- name: mark_left
-- Nobody is there to do it as, so the lock stays what it is.
update script_relock set state = 'left', message = :message, ended_at = now()
where workspace_id = :workspace and path = :path and state = 'wanted';

-- name: read_relocking
-- The script that a job locks again. No row where the job does no such thing.
select r.workspace_id, r.path, r.permissioned_as, r.email, r.because, r.caused_by, r.job, s.hash, s.language
from script_relock r
join script s on s.workspace_id = r.workspace_id and s.path = r.path and not s.archived and not s.deleted
where r.job = :job;

-- name: end_relock
-- A lock was made again without a new version coming of it.
select end_relock(:job, :state, :message);

-- name: add_relocked_version
-- The version with the new lock.
select add_relocked_version(:job, :hash, :lock, :message);

