-- Coverage: which layer covers which stretch of an account.

-- name: coverage_of
-- Primary key, prefix (account, layer).
SELECT start, "end" FROM coverage WHERE account = ? AND layer = ? ORDER BY start;

-- name: drop_coverage
-- Primary key, prefix (account, layer).
DELETE FROM coverage WHERE account = ? AND layer = ? AND start >= ? AND start <= ?;

-- name: add_coverage
INSERT INTO coverage (account, layer, start, "end") VALUES (?, ?, ?, ?);
