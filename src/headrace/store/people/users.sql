-- name: add_user
-- A new user of the instance.
insert into instance_user (email, password_hash, name, company, super_admin)
values (:email, :password_hash, :name, :company, :super_admin)
on conflict do nothing returning email;

-- name: set_password
-- Replaces a user's password.
update instance_user set password_hash = :password_hash where lower(email) = lower(:email) returning email;

-- name: set_own_password
-- Replaces one's own password and ends one's other sessions.
select set_own_password(:password_hash, :kept_token);

-- name: set_password_of
-- Replaces somebody's password and ends all their sessions.
select set_password_of(:email, :password_hash);

-- name: read_user
-- One user of the instance.
select email, name, company, super_admin, disabled, created_at from instance_user where email = :email;

-- name: list_users
-- Users of the instance.
select email, name, company, super_admin, disabled, created_at from instance_user order by email
limit :most offset :skip;

-- name: change_user
-- Changes what is given of a user.
update instance_user
set name = coalesce(:name, name), super_admin = coalesce(:super_admin, super_admin),
    disabled = coalesce(:disabled, disabled)
where email = :email
returning email;

-- name: remove_user
-- A user goes, with tokens, drafts and memberships.
select remove_user(:email);
