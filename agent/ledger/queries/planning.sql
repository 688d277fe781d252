-- What calls did lately, by context, service and minute: what an action would have refused of them.

-- name: plan_buckets
-- Primary key of bucket, range by enumerating covered stretches and usage kinds.
SELECT b.context, b.service, b.start, b.width, sum(b.requests), sum(b.tokens_input + b.tokens_output), sum(coalesce(b.credits_nano, 0))
FROM coverage c CROSS JOIN dim u CROSS JOIN bucket b
  ON b.account = c.account AND b.kind = u.id AND b.start >= max(c.start, :start) AND b.start < min(c."end", :end)
WHERE c.layer = 2 AND c."end" > :start AND c.start < :end AND u.kind = 17 AND b.width <= 3600
GROUP BY 1, 2, 3, 4;

-- name: plan_events
-- event_at. Events in covered minutes do not count; refused calls burn nothing and are left out.
SELECT e.context, e.service, e.at / 60 * 60, 60, count(*), sum(e.tokens_input + e.tokens_output), sum(coalesce(e.credits_nano, 0))
FROM event e INDEXED BY event_at JOIN context x ON x.id = e.context
WHERE e.at >= :start AND e.at < :end AND e.error IS NULL
  AND NOT EXISTS (SELECT 1 FROM coverage c WHERE c.account = x.account AND c.layer = 2 AND c.start <= e.at AND c."end" > e.at)
GROUP BY 1, 2, 3;

-- name: plan_newest_event
-- The right end of event_at; what a fast clock has dated later is not yet.
SELECT max(at) FROM event WHERE at <= :now;

-- name: plan_known_to
-- Up to when usage is known, for each account of some contexts: by what the provider has told, by what its source
-- says of itself, or by the newest call. event_at, backwards, to a call of the account or to :since.
SELECT max(
  coalesce((SELECT max(c."end") FROM coverage c WHERE c.account = a.account AND c.layer = 2), 0),
  coalesce((SELECT max(s.covered_to) FROM source_status s JOIN dim d ON d.value = s.account WHERE d.id = a.account), 0),
  coalesce((SELECT e.at FROM event e INDEXED BY event_at JOIN context x ON x.id = e.context
            WHERE e.at >= :since AND e.at <= :now AND x.account = a.account ORDER BY e.at DESC LIMIT 1), 0))
FROM (SELECT DISTINCT x.account FROM json_each(:contexts) j CROSS JOIN context x ON x.id = j.value) a;

-- name: plan_batch_services
-- Some hundred rows: what is called as a batch, by its tier or by where it is sent.
SELECT s.id FROM service s JOIN dim t ON t.id = s.tier JOIN dim e ON e.id = s.endpoint
WHERE t.value = 'batch' OR e.value = 'batch' OR e.value LIKE '%/batches';
