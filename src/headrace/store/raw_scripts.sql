-- name: refresh_raw_script
-- Source that one has stored already is kept from now on; no row where there is none.
update raw_script set stored_at = now()
where workspace_id = :workspace and email = :email and hash = :hash
returning id;

-- name: make_room_for_raw_script
-- Whether there is room for some more bytes; what is oldest goes.
select make_room_for_raw_script(:bytes, :most_bytes);

-- name: add_raw_script
-- Source of one's own.
insert into raw_script (workspace_id, email, hash, content) values (:workspace, :email, :hash, :content)
on conflict (workspace_id, email, hash) do update set stored_at = now();

-- name: find_raw_scripts
-- Those of one's own that have these hashes.
select hash, id from raw_script
where workspace_id = :workspace and email = :email and hash = any (:hashes::text[]);

-- name: give_raw_scripts
-- What a job imports instead of what is deployed at these paths.
insert into job_raw_script (job_id, path, raw_script)
select :job::uuid, path, raw_script from unnest(:paths::text[], :ids::bigint[]) as given (path, raw_script);

-- name: read_given_raw_scripts
-- The source that a job was given, by path.
select j.path, r.content from job_raw_script j join raw_script r on r.id = j.raw_script where j.job_id = :job;

-- name: forget_given_raw_scripts
-- What was given to jobs that are over.
delete from job_raw_script g where not exists (select from job j where j.id = g.job_id);

-- name: delete_old_raw_scripts
-- Source that is a day old and that no job needs.
delete from raw_script r
where r.stored_at < now() - interval '24 hours'
  and not exists (select from job_raw_script j where j.raw_script = r.id);
