-- The guide's reports and those beside them. All on rollups; amounts are nano-credits.

-- name: report_credits_per_team
-- Primary key of roll_day, range on (kind, bucket); the first day may be cut by hours_of.
SELECT d.value AS team, sum(r.credits_nano) AS credits_nano, sum(r.completions) AS completions
FROM (
  SELECT id, credits_nano, completions FROM roll_day WHERE kind = 1 AND bucket >= :first_day AND bucket < :last_day
  UNION ALL
  SELECT id, credits_nano, completions FROM roll_hour WHERE kind = 1 AND bucket >= :start AND bucket < :first_day
  UNION ALL
  SELECT id, credits_nano, completions FROM roll_hour WHERE kind = 1 AND bucket >= :last_day AND bucket < :end
) r JOIN dim d ON d.id = r.id
GROUP BY d.value ORDER BY credits_nano DESC, team;

-- name: report_top_drivers
-- Primary key of roll_day and roll_hour, ranges on (kind, bucket).
SELECT m.value AS model_name, t.value AS team, sum(r.credits_nano) AS credits_nano, sum(r.requests) AS requests
FROM (
  SELECT id, credits_nano, requests FROM roll_day WHERE kind = 20 AND bucket >= :first_day AND bucket < :last_day
  UNION ALL
  SELECT id, credits_nano, requests FROM roll_hour WHERE kind = 20 AND bucket >= :start AND bucket < :first_day
  UNION ALL
  SELECT id, credits_nano, requests FROM roll_hour WHERE kind = 20 AND bucket >= :last_day AND bucket < :end
) r JOIN team_model p ON p.id = r.id JOIN dim t ON t.id = p.team JOIN dim m ON m.id = p.model
GROUP BY m.value, t.value ORDER BY credits_nano DESC, model_name, team LIMIT :most;

-- name: report_team_days
-- Primary key of roll_day and roll_hour, ranges on (kind, bucket).
SELECT r.bucket / 86400 * 86400 AS day, d.value AS team, sum(r.credits_nano) AS credits_nano
FROM (
  SELECT bucket, id, credits_nano, requests FROM roll_day WHERE kind = 1 AND bucket >= :start AND bucket < :last_day
  UNION ALL
  SELECT bucket, id, credits_nano, requests FROM roll_hour WHERE kind = 1 AND bucket >= :last_day AND bucket < :end
) r JOIN dim d ON d.id = r.id
WHERE r.requests > 0 OR r.credits_nano <> 0
GROUP BY 1, 2 ORDER BY 2, 1;

-- name: report_models
-- Primary key of roll_day, range on (kind, bucket).
SELECT d.value AS model, sum(r.requests) AS requests, sum(r.tokens_input) AS tokens_input,
       sum(r.tokens_cached) AS tokens_cached, sum(r.tokens_output) AS tokens_output, sum(r.unpriced) AS unpriced,
       sum(r.credits_nano) AS credits_nano
FROM (
  SELECT id, requests, tokens_input, tokens_cached, tokens_output, unpriced, credits_nano FROM roll_day WHERE kind = 2 AND bucket >= :start AND bucket < :last_day
  UNION ALL
  SELECT id, requests, tokens_input, tokens_cached, tokens_output, unpriced, credits_nano FROM roll_hour WHERE kind = 2 AND bucket >= :last_day AND bucket < :end
) r JOIN dim d ON d.id = r.id
GROUP BY d.value ORDER BY credits_nano DESC, model;

-- name: report_requests
-- Primary key of roll_hour, range on (kind, bucket).
SELECT d.value AS endpoint, sum(r.requests) AS requests, sum(r.errors) AS errors,
       sum(r.latency_ms) AS latency_ms, sum(r.latency_count) AS latency_count, sum(r.credits_nano) AS credits_nano
FROM roll_hour r JOIN dim d ON d.id = r.id
WHERE r.kind = 3 AND r.bucket >= :start AND r.bucket < :end
GROUP BY d.value ORDER BY requests DESC, endpoint;

-- name: report_layers
-- Primary key of layer_hour, one range an account and layer.
SELECT a.value AS account, l.bucket / 86400 * 86400 AS day, l.layer, sum(l.requests) AS requests,
       sum(l.credits_nano) AS credits_nano
FROM dim a CROSS JOIN layer_hour l ON l.account = a.id AND l.layer IN (1, 2, 3) AND l.bucket >= :start AND l.bucket < :end
WHERE a.kind = 12 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

-- name: report_levels
-- Primary key of roll_day, ranges on (kind, bucket); :kinds lists the levels.
SELECT r.kind, d.value, sum(r.requests) AS requests, sum(r.credits_nano) AS credits_nano
FROM (
  SELECT r.kind, r.id, r.requests, r.credits_nano
  FROM json_each(:kinds) k CROSS JOIN roll_day r ON r.kind = k.value AND r.bucket >= :start AND r.bucket < :last_day
  UNION ALL
  SELECT r.kind, r.id, r.requests, r.credits_nano
  FROM json_each(:kinds) k CROSS JOIN roll_hour r ON r.kind = k.value AND r.bucket >= :last_day AND r.bucket < :end
) r LEFT JOIN dim d ON d.id = r.id
GROUP BY r.kind, r.id ORDER BY r.kind, credits_nano DESC;

-- name: report_unattributed
-- Primary key of roll_day and roll_hour, ranges on (kind, bucket): the unnamed value of each level.
SELECT d.kind, sum(r.requests) AS requests, sum(r.credits_nano) AS credits_nano,
       (SELECT coalesce(sum(w.credits_nano), 0) FROM roll_day w WHERE w.kind = 0 AND w.bucket >= :start AND w.bucket < :last_day)
       + (SELECT coalesce(sum(w.credits_nano), 0) FROM roll_hour w WHERE w.kind = 0 AND w.bucket >= :last_day AND w.bucket < :end)
       AS whole_nano
FROM (
  SELECT r.kind, r.id, r.requests, r.credits_nano
  FROM json_each(:kinds) k CROSS JOIN roll_day r ON r.kind = k.value AND r.bucket >= :start AND r.bucket < :last_day
  UNION ALL
  SELECT r.kind, r.id, r.requests, r.credits_nano
  FROM json_each(:kinds) k CROSS JOIN roll_hour r ON r.kind = k.value AND r.bucket >= :last_day AND r.bucket < :end
) r JOIN dim d ON d.id = r.id AND d.kind = r.kind
WHERE d.value = ''
GROUP BY d.kind ORDER BY credits_nano DESC;

-- name: report_patterns
-- Primary key of roll_day, range on (kind, bucket).
SELECT d.value AS pattern, sum(r.requests) AS requests, sum(r.credits_nano) AS credits_nano
FROM (
  SELECT id, requests, credits_nano FROM roll_day WHERE kind = 15 AND bucket >= :start AND bucket < :last_day
  UNION ALL
  SELECT id, requests, credits_nano FROM roll_hour WHERE kind = 15 AND bucket >= :last_day AND bucket < :end
) r JOIN dim d ON d.id = r.id
GROUP BY d.value ORDER BY credits_nano DESC, pattern;

-- name: report_unpriced
-- Primary key of roll_day, range on (kind, bucket).
SELECT d.value AS model, sum(r.unpriced) AS unpriced_requests, sum(r.requests) AS requests,
       sum(r.tokens_input) AS tokens_input, sum(r.tokens_output) AS tokens_output
FROM (
  SELECT id, requests, tokens_input, tokens_output, unpriced FROM roll_day WHERE kind = 2 AND bucket >= :start AND bucket < :last_day
  UNION ALL
  SELECT id, requests, tokens_input, tokens_output, unpriced FROM roll_hour WHERE kind = 2 AND bucket >= :last_day AND bucket < :end
) r JOIN dim d ON d.id = r.id
GROUP BY d.value HAVING sum(r.unpriced) > 0 ORDER BY unpriced_requests DESC, model;

-- name: report_quarantine
-- Primary key, from the right end.
SELECT at, source, location, reason, raw FROM quarantine ORDER BY id DESC LIMIT :most;

-- name: report_findings
-- Primary key, from the right end.
SELECT at, kind, subject, detail FROM finding ORDER BY id DESC LIMIT :most;

-- name: quarantine_count
-- Primary key, its right end: rows are only ever added, so the newest id is how many there are.
SELECT coalesce(max(id), 0) AS rows FROM quarantine;
