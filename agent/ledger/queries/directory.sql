-- The provider's directory. What a complete reading no longer names gets a tombstone; what comes back loses it.

-- name: put_directory_project
-- Primary key.
INSERT OR REPLACE INTO directory_project (id, account, name, status, created_at, archived_at, seen_at, removed_at)
VALUES (:id, :account, :name, :status, :created_at, :archived_at, :seen_at, NULL);

-- name: put_directory_key
-- Primary key.
INSERT OR REPLACE INTO directory_key (id, account, project, name, redacted, owner_type, owner_id, owner_name, created_at,
  last_used_at, expires_at, seen_at, removed_at)
VALUES (:id, :account, :project, :name, :redacted, :owner_type, :owner_id, :owner_name, :created_at, :last_used_at,
  :expires_at, :seen_at, NULL);

-- name: put_directory_person
-- Primary key.
INSERT OR REPLACE INTO directory_person (id, account, kind, project, name, email, role, created_at, seen_at, removed_at)
VALUES (:id, :account, :kind, :project, :name, :email, :role, :created_at, :seen_at, NULL);

-- name: bury_directory_project
-- Primary key, prefix (account).
UPDATE directory_project SET removed_at = ? WHERE account = ? AND removed_at IS NULL
  AND id NOT IN (SELECT value FROM json_each(?));

-- name: bury_directory_key
-- Primary key, prefix (account).
UPDATE directory_key SET removed_at = ? WHERE account = ? AND removed_at IS NULL
  AND id NOT IN (SELECT value FROM json_each(?));

-- name: bury_directory_person
-- Primary key, prefix (account).
UPDATE directory_person SET removed_at = ? WHERE account = ? AND removed_at IS NULL
  AND kind || ' ' || id NOT IN (SELECT value FROM json_each(?));

-- name: directory_projects
-- Primary key, prefix (account).
SELECT id, name, status, created_at, archived_at FROM directory_project WHERE account = ?;

-- name: directory_keys
-- Primary key, prefix (account).
SELECT id, project, name, redacted, owner_type, owner_id, owner_name, created_at, last_used_at, expires_at
FROM directory_key WHERE account = ?;
