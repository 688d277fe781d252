-- Usage windows: the provider's buckets.

-- name: buckets_in
-- Primary key, prefix (account, kind, start).
SELECT start, context, service, width, requests, tokens_input, tokens_cached, tokens_output, quantity_micro, credits_nano
FROM bucket WHERE account = ? AND kind = ? AND start >= ? AND start < ?;

-- name: wide_bucket_at
-- Primary key, prefix (account, kind, start).
SELECT start, width FROM bucket WHERE account = ? AND kind = ? AND start = ? AND start + width > ? LIMIT 1;

-- name: bucket_kinds
-- Unique index (kind, value) of dim.
SELECT id, value FROM dim WHERE kind = ?;

-- name: put_bucket
-- Primary key.
INSERT OR REPLACE INTO bucket (account, kind, start, context, service, width, requests, tokens_input, tokens_cached,
  tokens_output, quantity_micro, credits_nano, read_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: drop_bucket
-- Primary key.
DELETE FROM bucket WHERE account = ? AND kind = ? AND start = ? AND context = ? AND service = ?;

-- name: event_sums
-- Index event_at for [start, end); contexts of the account by primary key.
SELECT e.at / 60 * 60 AS minute, e.context, e.service, count(*), sum(e.tokens_input), sum(e.tokens_cached),
       sum(e.tokens_output), sum(e.quantity_micro), coalesce(sum(e.credits_nano), 0), count(e.credits_nano)
FROM event e CROSS JOIN context c ON c.id = e.context
WHERE e.at >= ? AND e.at < ? AND c.account = ?
GROUP BY minute, e.context, e.service;
