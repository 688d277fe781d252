-- Where the ledger's data ends, and how alive what feeds it is.

-- name: metered_ends
-- Primary key of coverage, skipping from account to account.
SELECT account, max("end") AS "end" FROM coverage WHERE layer = 2 GROUP BY account;

-- name: metered_seconds
-- dim's unique index, then the primary key of coverage: one row a stretch.
SELECT sum(min("end", :end) - max(start, :start)) AS seconds
FROM coverage
WHERE account = (SELECT id FROM dim WHERE kind = 12 AND value = :account) AND layer = 2
  AND "end" > :start AND start < :end;

-- name: newest_data
-- Each is one look-up at the right end of an index.
SELECT (SELECT max(at) FROM event) AS event,
       (SELECT max(bucket) FROM roll_hour WHERE kind = 0) AS hour,
       (SELECT max(bucket) FROM roll_day WHERE kind = 0) AS day;

-- name: oldest_data
-- Primary keys, from the left end of the kind.
SELECT (SELECT min(bucket) FROM roll_minute WHERE kind = 0) AS minute,
       (SELECT min(bucket) FROM roll_hour WHERE kind = 0) AS hour;

-- name: agent_state
SELECT pid, host, version, started_at, beat_at, stopped_at FROM agent_state WHERE one = 1;

-- name: source_states
-- A handful of rows.
SELECT source, kind, account, state, message, hint, last_ok, last_try, covered_to, retry_at
FROM source_status ORDER BY source;

-- name: quick_check
-- Reads every page once: about a second for a million events.
PRAGMA quick_check(1);
