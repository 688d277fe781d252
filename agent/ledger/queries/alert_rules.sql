-- What leading signals read. Kinds: 0 total, 1 team, 2 model, 6 billing group, 7 department, 8 key, 9 project, 12 account,
-- 17 usage kind, 20 team x model; layer 2 is "metered". :series is a JSON list of [kind, id].

-- name: rule_known_since
-- Primary key, from the left end of the kind.
SELECT min(bucket) FROM roll_hour WHERE kind = 0;

-- name: rule_series
-- Unique index (kind, value) of dim.
SELECT d.kind, d.value, d.id
FROM (SELECT value ->> 0 AS kind, value ->> 1 AS name FROM json_each(:names) LIMIT -1) n
CROSS JOIN dim d ON d.kind = n.kind AND d.value = n.name;

-- name: rule_names
-- Primary key.
SELECT id, value FROM dim WHERE id IN (SELECT value FROM json_each(:ids));

-- name: rule_team_models
-- Primary keys.
SELECT p.id, t.value, m.value FROM team_model p JOIN dim t ON t.id = p.team JOIN dim m ON m.id = p.model
WHERE p.id IN (SELECT value FROM json_each(:ids));

-- name: rule_hours
-- Primary key of roll_hour, one look-up a series and hour.
SELECT r.kind, r.id, r.bucket, r.credits_nano, r.requests, r.errors, r.tokens_input, r.tokens_cached
FROM (SELECT value ->> 0 AS kind, value ->> 1 AS id FROM json_each(:series) LIMIT -1) s
CROSS JOIN json_each(:hours) h CROSS JOIN roll_hour r ON r.kind = s.kind AND r.bucket = h.value AND r.id = s.id;

-- name: rule_days
-- Primary key of roll_day, one look-up a series and day.
SELECT r.kind, r.id, r.bucket, r.credits_nano
FROM (SELECT value ->> 0 AS kind, value ->> 1 AS id FROM json_each(:series) LIMIT -1) s
CROSS JOIN json_each(:days) d CROSS JOIN roll_day r ON r.kind = s.kind AND r.bucket = d.value AND r.id = s.id;

-- name: rule_part_minutes
-- Primary key of roll_minute, one look-up a series and minute of one hour; kinds 0 to 4. The second sum is the whole hour's.
SELECT r.kind, r.id, sum(CASE WHEN r.bucket >= :start AND r.bucket < :end THEN r.credits_nano ELSE 0 END), sum(r.credits_nano)
FROM (SELECT value ->> 0 AS kind, value ->> 1 AS id FROM json_each(:series) LIMIT -1) s
CROSS JOIN json_each(:minutes) m CROSS JOIN roll_minute r ON r.kind = s.kind AND r.bucket = m.value AND r.id = s.id
GROUP BY r.kind, r.id;

-- name: rule_slots
-- Primary key of roll_minute, range on (kind, bucket): a kind of few values over an hour or so, cut into quarters.
SELECT id, (bucket - :start) / 900, sum(credits_nano), sum(requests)
FROM roll_minute WHERE kind = :kind AND bucket >= :start AND bucket < :end GROUP BY 1, 2;

-- name: rule_busy
-- Primary key of roll_hour, range on (kind, bucket), over an hour or two: what burns or fails enough to be looked at.
SELECT id, sum(credits_nano), sum(requests), sum(errors), sum(tokens_input), sum(tokens_cached)
FROM roll_hour WHERE kind = :kind AND bucket >= :start AND bucket < :end GROUP BY id
HAVING sum(credits_nano) >= :least_nano OR sum(errors) >= :least_errors;

-- name: rule_contexts
-- Some thousand contexts, read once, and only where something is suspicious.
SELECT x.id, x.at FROM (
  SELECT id, CASE :kind WHEN 1 THEN team WHEN 6 THEN billing_group WHEN 7 THEN department WHEN 8 THEN api_key WHEN 9 THEN project
             END AS at FROM context
) x WHERE x.at IN (SELECT value FROM json_each(:ids));

-- name: rule_teams
-- Some thousand contexts: which teams are in which billing groups (6) or departments (7).
SELECT DISTINCT team, CASE :kind WHEN 6 THEN billing_group ELSE department END FROM context;

-- name: rule_contexts_of_teams
-- Some thousand contexts: those of a few teams within a few billing groups (6) or departments (7).
SELECT x.id, x.at FROM (
  SELECT id, CASE :kind WHEN 6 THEN billing_group ELSE department END AS at FROM context
  WHERE team IN (SELECT value FROM json_each(:teams))
) x WHERE x.at IN (SELECT value FROM json_each(:ids));

-- name: rule_cells_of
-- Primary key of bucket, one look-up a covered stretch, usage kind, start and context. Wider buckets give their share of time.
SELECT b.context, b.service,
       sum(b.requests * (min(b.start + b.width, :end) - max(b.start, :start)) / b.width),
       sum(b.tokens_input * (min(b.start + b.width, :end) - max(b.start, :start)) / b.width),
       sum(b.tokens_cached * (min(b.start + b.width, :end) - max(b.start, :start)) / b.width),
       sum(coalesce(b.credits_nano, 0) * (min(b.start + b.width, :end) - max(b.start, :start)) / b.width)
FROM coverage c CROSS JOIN dim u CROSS JOIN json_each(:starts) t CROSS JOIN json_each(:contexts) k
CROSS JOIN bucket b ON b.account = c.account AND b.kind = u.id AND b.start = t.value AND b.context = k.value
WHERE c.layer = 2 AND c."end" > :hour AND c.start < :end AND c.start <= t.value AND c."end" > t.value AND u.kind = 17
  AND b.start + b.width > :start AND b.width <= 3600
GROUP BY 1, 2;

-- name: rule_cells
-- Primary key of bucket, range by enumerating covered stretches and usage kinds: where very many contexts are asked for.
SELECT b.context, 0, sum(b.requests * (min(b.start + b.width, :end) - max(b.start, :start)) / b.width), 0, 0,
       sum(coalesce(b.credits_nano, 0) * (min(b.start + b.width, :end) - max(b.start, :start)) / b.width)
FROM coverage c CROSS JOIN dim u CROSS JOIN bucket b
  ON b.account = c.account AND b.kind = u.id AND b.start >= max(c.start, :hour) AND b.start < min(c."end", :end)
WHERE c.layer = 2 AND c."end" > :hour AND c.start < :end AND u.kind = 17 AND b.start + b.width > :start AND b.width <= 3600
GROUP BY b.context;

-- name: rule_events
-- event_at, a part of an hour. Events in covered minutes do not count.
SELECT e.context, e.service, count(*), sum(e.tokens_input), sum(e.tokens_cached), sum(coalesce(e.credits_nano, 0))
FROM event e INDEXED BY event_at JOIN context x ON x.id = e.context
WHERE e.at >= :start AND e.at < :end AND e.context IN (SELECT value FROM json_each(:contexts))
  AND NOT EXISTS (SELECT 1 FROM coverage c WHERE c.account = x.account AND c.layer = 2 AND c.start <= e.at AND c."end" > e.at)
GROUP BY 1, 2;

-- name: rule_newcomers
-- One row a key or model; none of them is ever taken away.
SELECT f.kind, f.id, f.at, d.value FROM first_seen f JOIN dim d ON d.id = f.id WHERE f.at >= :since AND d.value <> '';

-- name: rule_sources
-- A handful of rows.
SELECT source, account, state, message, hint, covered_to, last_ok FROM source_status ORDER BY source;

-- name: rule_accounts
-- A handful of accounts; the primary key of coverage says which of them are metered.
SELECT d.id, d.value, (SELECT max(c."end") FROM coverage c WHERE c.account = d.id AND c.layer = 2) FROM dim d WHERE d.kind = 12;

-- name: rule_layer_hours
-- Primary key of layer_hour, one range: which hours of an account had data in a layer.
SELECT bucket FROM layer_hour WHERE account = :account AND layer = :layer AND bucket >= :start AND requests > 0 ORDER BY bucket;

-- name: rule_layer_days
-- Primary key of layer_hour, one range an account and layer.
SELECT l.account, l.layer, l.bucket / 86400 * 86400, sum(l.requests), sum(l.credits_nano)
FROM dim a CROSS JOIN layer_hour l ON l.account = a.id AND l.layer IN (1, 2, 3) AND l.bucket >= :start AND l.bucket < :end
WHERE a.kind = 12 GROUP BY 1, 2, 3;

-- name: rule_covered
-- Primary key of coverage; a few merged stretches an account.
SELECT account, layer, start, "end" FROM coverage WHERE start <= :start AND "end" >= :end;
