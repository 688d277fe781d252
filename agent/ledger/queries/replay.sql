-- Calls of the past, one by one, for a limit to be tried on.

-- name: replay_events
-- event_at, some minutes at a time. Refused calls burn nothing and are left out. One row of lists: millions of
-- rows cost three times as much. Of two numbers in one the first is time from :start on, or the service.
SELECT count(*), group_concat((at - :start) << 32 | context), group_concat(service << 40 | (tokens_input + tokens_output)),
  group_concat(coalesce(credits_nano, 0)), group_concat(coalesce(latency_ms, -1))
FROM event INDEXED BY event_at
WHERE at >= :start AND at < :end AND error IS NULL AND context IN (SELECT value FROM json_each(:contexts));

-- name: replay_accounts
-- Some thousand rows: the account of every context.
SELECT id, account FROM context;

-- name: replay_coverage
-- A handful of stretches an account: where the provider's buckets count.
SELECT account, start, "end" FROM coverage WHERE layer = 2 AND "end" > :start AND start < :end ORDER BY account, start;
