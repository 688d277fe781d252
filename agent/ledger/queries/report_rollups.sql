-- Rollups as reports read them.

-- name: minutes_of
-- Primary key of roll_minute, range on (kind, bucket).
SELECT bucket, id, requests, credits_nano FROM roll_minute WHERE kind = :kind AND bucket >= :start AND bucket < :end;

-- name: hours_of
-- Primary key of roll_hour, range on (kind, bucket).
SELECT bucket, id, requests, credits_nano FROM roll_hour WHERE kind = :kind AND bucket >= :start AND bucket < :end;

-- name: hours_at
-- Primary key of roll_hour, one look-up a bucket of the JSON list.
SELECT bucket, id, requests, credits_nano FROM roll_hour
WHERE kind = :kind AND bucket IN (SELECT value FROM json_each(:buckets));

-- name: weighted_hours
-- Primary key of roll_hour, one look-up a kind and hour. :hours is a JSON list of (window, hour, minutes that count).
SELECT r.kind, r.id, sum(r.credits_nano * h.minutes) AS credits_nano, sum(r.requests * h.minutes) AS requests
FROM json_each(:kinds) k CROSS JOIN (
  SELECT json_extract(value, '$[0]') AS place, json_extract(value, '$[1]') AS hour, json_extract(value, '$[2]') AS minutes
  FROM json_each(:hours) LIMIT -1
) h CROSS JOIN roll_hour r ON r.kind = k.value AND r.bucket = h.hour
GROUP BY r.kind, r.id, h.place;

-- name: days_of
-- Primary key of roll_day, range on (kind, bucket).
SELECT bucket, id, requests, credits_nano FROM roll_day WHERE kind = :kind AND bucket >= :start AND bucket < :end;

-- name: sums_of_minutes
-- Primary key of roll_minute, range on (kind, bucket).
SELECT id, sum(credits_nano) AS credits_nano, sum(requests) AS requests, sum(tokens_input) AS tokens_input,
       sum(tokens_output) AS tokens_output, sum(unpriced) AS unpriced, sum(completions) AS completions,
       sum(completion_credits_nano) AS completion_credits_nano
FROM roll_minute WHERE kind = :kind AND bucket >= :start AND bucket < :end GROUP BY id;

-- name: sums_of_hours
-- Primary key of roll_hour, range on (kind, bucket).
SELECT id, sum(credits_nano) AS credits_nano, sum(requests) AS requests, sum(tokens_input) AS tokens_input,
       sum(tokens_output) AS tokens_output, sum(unpriced) AS unpriced, sum(completions) AS completions,
       sum(completion_credits_nano) AS completion_credits_nano
FROM roll_hour WHERE kind = :kind AND bucket >= :start AND bucket < :end GROUP BY id;

-- name: sums_of_days
-- Primary key of roll_day, range on (kind, bucket).
SELECT id, sum(credits_nano) AS credits_nano, sum(requests) AS requests, sum(tokens_input) AS tokens_input,
       sum(tokens_output) AS tokens_output, sum(unpriced) AS unpriced, sum(completions) AS completions,
       sum(completion_credits_nano) AS completion_credits_nano
FROM roll_day WHERE kind = :kind AND bucket >= :start AND bucket < :end GROUP BY id;

-- name: unpriced_models
-- Primary key of roll_hour, range on (kind, bucket).
SELECT m.value AS model, sum(r.unpriced) AS requests, sum(r.tokens_input) AS tokens_input,
       sum(r.tokens_output) AS tokens_output
FROM roll_hour r JOIN dim m ON m.id = r.id
WHERE r.kind = 2 AND r.bucket >= :start AND r.bucket < :end AND r.unpriced > 0
GROUP BY m.value ORDER BY requests DESC;

-- name: layer_days
-- Primary key of layer_hour, one range an account and layer.
SELECT l.account, l.layer, l.bucket / 86400 * 86400 AS day, sum(l.requests) AS requests, sum(l.credits_nano) AS credits_nano
FROM dim a CROSS JOIN layer_hour l ON l.account = a.id AND l.layer IN (1, 2, 3) AND l.bucket >= :start AND l.bucket < :end
WHERE a.kind = 12 GROUP BY 1, 2, 3;

-- name: account_days
-- Primary key of roll_hour, range on (kind, bucket).
SELECT id AS account, bucket / 86400 * 86400 AS day, sum(requests) AS requests, sum(credits_nano) AS credits_nano
FROM roll_hour WHERE kind = 12 AND bucket >= :start AND bucket < :end GROUP BY 1, 2;

-- name: coverage_within
-- Primary key of coverage; a few merged stretches an account.
SELECT account, layer, start, "end" FROM coverage WHERE start < :end AND "end" > :start;

-- name: dim_ids
-- Unique index (kind, value).
SELECT id, value FROM dim WHERE kind = :kind AND value IN (SELECT value FROM json_each(:names));
