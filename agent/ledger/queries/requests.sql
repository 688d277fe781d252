-- Known requests: the runs of hashes behind deduplication.

-- name: newest_run
-- Primary key.
SELECT coalesce(max(id), 0) FROM hash_run;

-- name: runs_after
-- Primary key.
SELECT id, hashes FROM hash_run WHERE id > ? ORDER BY id;

-- name: runs_by_time
-- All runs without their blobs (tens of rows a million events), those whose time overlaps [:first, :last] first.
SELECT id, first_event FROM hash_run ORDER BY NOT (first_at <= :last AND last_at >= :first), id DESC;

-- name: run
-- Primary key.
SELECT hashes, offsets FROM hash_run WHERE id = ?;

-- name: last_runs
-- Primary key, from the right end.
SELECT id, first_event, first_at, last_at, count FROM hash_run ORDER BY id DESC LIMIT 40;

-- name: add_run
INSERT INTO hash_run (id, first_event, first_at, last_at, count, hashes, offsets) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: drop_run
-- Primary key.
DELETE FROM hash_run WHERE id = ?;
