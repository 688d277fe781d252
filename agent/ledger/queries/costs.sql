-- Costs: what the provider bills by UTC day.

-- name: costs_in
-- Primary key, prefix (account, day).
SELECT day, context, service, line_item, amount_nano, currency, credits_nano
FROM cost WHERE account = ? AND day >= ? AND day < ?;

-- name: put_cost
-- Primary key.
INSERT OR REPLACE INTO cost (account, day, context, service, line_item, amount_nano, currency, credits_nano, read_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: drop_cost
-- Primary key.
DELETE FROM cost WHERE account = ? AND day = ? AND context = ? AND service = ? AND line_item = ?;

-- name: bucket_credits
-- Primary key, prefix (account, kind, start), once for each usage kind.
SELECT b.start, b.context, b.service, b.credits_nano FROM bucket b
WHERE b.account = :account AND b.kind IN (SELECT id FROM dim WHERE kind = :usage_kind)
  AND b.start >= :start AND b.start < :end AND b.credits_nano <> 0;

-- name: event_credits
-- Index event_at for [start, end); contexts of the account by primary key.
SELECT e.context, e.service, sum(e.credits_nano)
FROM event e CROSS JOIN context c ON c.id = e.context
WHERE e.at >= ? AND e.at < ? AND c.account = ? AND e.credits_nano <> 0
GROUP BY e.context, e.service;
