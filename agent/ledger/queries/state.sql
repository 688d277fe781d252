-- State beside the amounts: quarantine, findings, rates, cursors, source health, releases, the agent itself.

-- name: add_quarantine
-- Unique index (source, location, reason): the same refusal again is no news.
INSERT OR IGNORE INTO quarantine (source, location, reason, raw, at) VALUES (?, ?, ?, ?, ?);

-- name: add_finding
-- Unique index (kind, subject, detail): the same finding again is no news.
INSERT OR IGNORE INTO finding (kind, subject, detail, at) VALUES (?, ?, ?, ?);

-- name: put_rate
-- Primary key.
INSERT OR REPLACE INTO rate (model, tier, meter, effective_from, nano_per_million) VALUES (?, ?, ?, ?, ?);

-- name: put_cursor
-- Primary key.
INSERT OR REPLACE INTO source_cursor (source, name, value) VALUES (?, ?, ?);

-- name: cursor_of
-- Primary key.
SELECT value FROM source_cursor WHERE source = ? AND name = ?;

-- name: proof_finding
-- Primary key: what the agent found last of rows by another hand.
SELECT value FROM source_cursor WHERE source = '(the agent)' AND name = 'proof';

-- name: put_source_status
-- Primary key. What a status leaves open (NULL) stays as it was, but for retry_at.
INSERT INTO source_status (source, kind, account, state, message, hint, last_ok, last_try, covered_to, retry_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (source) DO UPDATE SET kind = excluded.kind, account = excluded.account, state = excluded.state,
  message = excluded.message, hint = excluded.hint, last_ok = coalesce(excluded.last_ok, last_ok),
  last_try = coalesce(excluded.last_try, last_try), covered_to = coalesce(excluded.covered_to, covered_to),
  retry_at = excluded.retry_at;

-- name: keep_source_states
-- The table has one row a source.
DELETE FROM source_status WHERE source NOT IN (SELECT value FROM json_each(?));

-- name: drop_releases
DELETE FROM release;

-- name: add_release
INSERT INTO release (id, day, title, team, credits_nano_per_day) VALUES (?, ?, ?, ?, ?);

-- name: beat
-- Primary key; the table has one row.
INSERT OR REPLACE INTO agent_state (one, pid, host, version, started_at, beat_at, stopped_at) VALUES (1, ?, ?, ?, ?, ?, NULL);

-- name: stopped
UPDATE agent_state SET stopped_at = ?;
