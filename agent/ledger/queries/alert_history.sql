-- What suggestions and the replay of alert rules read of the past. Kinds: 2 model, 12 account, 17 usage kind, 20 team x model.

-- name: history_scope_id
-- Unique index (kind, value).
SELECT id FROM dim WHERE kind = :kind AND value = :value;

-- name: history_models
-- Primary key of roll_day, one look-up a day.
SELECT r.id, sum(r.requests), sum(r.tokens_input), sum(r.tokens_cached), sum(r.tokens_output), sum(r.credits_nano)
FROM json_each(:days) d CROSS JOIN roll_day r ON r.kind = 2 AND r.bucket = d.value GROUP BY r.id;

-- name: history_team_models
-- Primary key of roll_day, one look-up a day, team and model.
SELECT p.model, sum(r.requests), sum(r.tokens_input), sum(r.tokens_cached), sum(r.tokens_output), sum(r.credits_nano)
FROM json_each(:days) d CROSS JOIN json_each(:teams) t CROSS JOIN team_model p ON p.team = t.value
CROSS JOIN roll_day r ON r.kind = 20 AND r.bucket = d.value AND r.id = p.id GROUP BY p.model;

-- name: history_sums
-- Primary key of roll_day, one look-up a day.
SELECT coalesce(sum(r.requests), 0), coalesce(sum(r.tokens_input), 0), coalesce(sum(r.tokens_cached), 0),
       coalesce(sum(r.tokens_output), 0), coalesce(sum(r.credits_nano), 0)
FROM json_each(:days) d CROSS JOIN roll_day r ON r.kind = :kind AND r.bucket = d.value AND r.id = :id;

-- name: history_contexts
-- Some thousand contexts at most, read once.
SELECT id, team FROM context
WHERE CASE :kind WHEN 1 THEN team WHEN 6 THEN billing_group WHEN 7 THEN department WHEN 8 THEN api_key WHEN 9 THEN project
      END = :id;

-- name: history_sample_buckets
-- Primary key of bucket, one look-up an account, usage kind, start and context. A wider bucket counts as :slice seconds of it.
SELECT s.model, sum(b.requests * :slice / max(b.width, :slice)), sum(b.tokens_input * :slice / max(b.width, :slice)),
       sum(b.tokens_cached * :slice / max(b.width, :slice)), sum(b.tokens_output * :slice / max(b.width, :slice)),
       sum(coalesce(b.credits_nano, 0) * :slice / max(b.width, :slice))
FROM json_each(:contexts) x CROSS JOIN context w ON w.id = x.value CROSS JOIN dim u CROSS JOIN json_each(:starts) t
CROSS JOIN bucket b ON b.account = w.account AND b.kind = u.id AND b.start = t.value AND b.context = w.id
JOIN service s ON s.id = b.service
WHERE u.kind = 17
  AND EXISTS (SELECT 1 FROM coverage c WHERE c.account = w.account AND c.layer = 2 AND c.start <= b.start AND c."end" > b.start)
GROUP BY s.model;

-- name: history_sample_events
-- event_at, a range a slice. Events in metered minutes do not count.
SELECT s.model, count(*), sum(e.tokens_input), sum(e.tokens_cached), sum(e.tokens_output), sum(coalesce(e.credits_nano, 0))
FROM json_each(:slices) t CROSS JOIN event e INDEXED BY event_at ON e.at >= t.value AND e.at < t.value + :slice
JOIN context w ON w.id = e.context JOIN service s ON s.id = e.service
WHERE e.context IN (SELECT value FROM json_each(:contexts))
  AND NOT EXISTS (SELECT 1 FROM coverage c WHERE c.account = w.account AND c.layer = 2 AND c.start <= e.at AND c."end" > e.at)
GROUP BY s.model;

-- name: history_services
-- Some hundreds of services: what each model is used for, and at which tier.
SELECT m.id, m.value, min(o.value = 'embedding'), min(t.value = 'batch')
FROM service s JOIN dim m ON m.id = s.model JOIN dim o ON o.id = s.operation JOIN dim t ON t.id = s.tier GROUP BY m.id;

-- name: history_rates
-- Some hundreds of rows, oldest first.
SELECT model, effective_from, meter, nano_per_million FROM rate
WHERE tier = 'standard' AND model <> '' AND effective_from <= :at ORDER BY effective_from;

-- name: history_lineage
-- Some thousand contexts at most, read once. Columns in the order of ScopeKind, widest first, then the environment.
SELECT DISTINCT g.value, d.value, t.value, p.value, k.value, n.value
FROM context x JOIN dim g ON g.id = x.billing_group JOIN dim d ON d.id = x.department JOIN dim t ON t.id = x.team
JOIN dim p ON p.id = x.project JOIN dim k ON k.id = x.api_key JOIN dim n ON n.id = x.environment;

-- name: history_busiest_hour
-- Primary key of roll_hour, range on (kind, bucket): a row an hour.
SELECT min(bucket), coalesce(max(credits_nano), 0), coalesce(sum(credits_nano), 0) FROM roll_hour
WHERE kind = 0 AND bucket >= :start AND bucket < :end;

-- name: history_newest_hour
-- Primary key of roll_hour, the end of a range on (kind, bucket).
SELECT max(bucket) FROM roll_hour WHERE kind = 0 AND bucket < :before;

-- name: history_hours_with_minutes
-- Primary key of roll_minute, range on (kind, bucket).
SELECT DISTINCT bucket / 3600 * 3600 FROM roll_minute WHERE kind = 0 AND bucket >= :start AND bucket < :end;

-- name: history_busiest_hours
-- Primary key of roll_hour, range on (kind, bucket) of each kind.
SELECT r.kind, r.id, max(r.credits_nano) AS credits_nano FROM json_each(:kinds) k
CROSS JOIN roll_hour r ON r.kind = k.value AND r.bucket >= :start AND r.bucket < :end
GROUP BY r.kind, r.id;
