-- Sums by context and service over a short window: what triage is made of. Never more than hours of events.

-- name: dim_names
-- Primary key.
SELECT id, value FROM dim WHERE id IN (SELECT value FROM json_each(:ids));

-- name: event_cells
-- Index event_at, range.
SELECT context, service, count(*) AS requests, sum(tokens_input) AS tokens_input, sum(tokens_cached) AS tokens_cached,
       sum(tokens_output) AS tokens_output, sum(quantity_micro) AS quantity_micro,
       coalesce(sum(credits_nano), 0) AS credits_nano, sum(credits_nano IS NULL) AS unpriced, count(error) AS errors,
       coalesce(sum(latency_ms), 0) AS latency_ms, count(latency_ms) AS latency_count
FROM event INDEXED BY event_at WHERE at >= :start AND at < :end GROUP BY context, service;

-- name: event_cells_in
-- Index event_at, range; rows of other contexts are read and left out.
SELECT context, service, count(*) AS requests, sum(tokens_input) AS tokens_input, sum(tokens_cached) AS tokens_cached,
       sum(tokens_output) AS tokens_output, sum(quantity_micro) AS quantity_micro,
       coalesce(sum(credits_nano), 0) AS credits_nano, sum(credits_nano IS NULL) AS unpriced, count(error) AS errors,
       coalesce(sum(latency_ms), 0) AS latency_ms, count(latency_ms) AS latency_count
FROM event INDEXED BY event_at WHERE at >= :start AND at < :end AND context IN (SELECT value FROM json_each(:contexts))
GROUP BY context, service;

-- name: whole_bucket_cells
-- Primary key of bucket: one look-up for each account, usage kind and start of the JSON lists.
SELECT b.context, b.service, sum(b.requests) AS requests, sum(b.tokens_input) AS tokens_input,
       sum(b.tokens_cached) AS tokens_cached, sum(b.tokens_output) AS tokens_output,
       sum(b.quantity_micro) AS quantity_micro, coalesce(sum(b.credits_nano), 0) AS credits_nano,
       sum(CASE WHEN b.credits_nano IS NULL THEN b.requests ELSE 0 END) AS unpriced
FROM bucket b
WHERE b.account IN (SELECT value FROM json_each(:accounts)) AND b.kind IN (SELECT id FROM dim WHERE kind = 17)
  AND b.start IN (SELECT value FROM json_each(:starts)) AND b.start >= :start AND b.start + b.width <= :end
  AND EXISTS (SELECT 1 FROM coverage c WHERE c.account = b.account AND c.layer = 2 AND c.start <= b.start AND c."end" > b.start)
GROUP BY b.context, b.service;

-- name: cut_buckets
-- Primary key of bucket: one look-up for each account, usage kind and start of the JSON lists.
SELECT b.context, b.service, b.start, b.width, b.requests, b.tokens_input, b.tokens_cached, b.tokens_output,
       b.quantity_micro, b.credits_nano
FROM bucket b
WHERE b.account IN (SELECT value FROM json_each(:accounts)) AND b.kind IN (SELECT id FROM dim WHERE kind = 17)
  AND b.start IN (SELECT value FROM json_each(:starts)) AND b.start + b.width > :start AND b.start < :end
  AND NOT (b.start >= :start AND b.start + b.width <= :end)
  AND EXISTS (SELECT 1 FROM coverage c WHERE c.account = b.account AND c.layer = 2 AND c.start <= b.start AND c."end" > b.start);

-- name: first_seen_of
-- Primary key, after the unique index (kind, value) of dim.
SELECT f.at FROM dim d JOIN first_seen f ON f.kind = d.kind AND f.id = d.id WHERE d.kind = :kind AND d.value = :value;

-- name: directory_names
-- Two small tables.
SELECT 8 AS kind, id, name FROM directory_key WHERE name <> ''
UNION ALL SELECT 9, id, name FROM directory_project WHERE name <> '';

-- name: directory_key_of
-- Primary key, or its second column over some hundreds of rows.
SELECT id, project, name, redacted, owner_type, owner_id, owner_name, created_at, last_used_at, expires_at, removed_at
FROM directory_key WHERE id = :id ORDER BY removed_at IS NOT NULL, seen_at DESC LIMIT 1;

-- name: rates_of
-- Some hundreds of rows: the card's rates of a model, or of the listed model whose dated snapshot it is.
SELECT model, tier, meter, effective_from, nano_per_million FROM rate
WHERE (model = :model OR :model LIKE model || '-%') AND model <> '' AND tier IN (:tier, 'standard')
ORDER BY length(model) DESC, tier = :tier DESC, effective_from DESC;
