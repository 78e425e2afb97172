-- name: read_signing_keys
-- All keys that identity tokens are or were signed with, the newest first.
select id, private_pem from read_signing_keys();

-- name: add_first_signing_key
-- The first key; nothing where there is one.
select add_first_signing_key(:id, :private_pem);
