-- What the detection of burn spikes reads. Kinds: 0 total, 17 usage kind; layer 2 is "metered".

-- name: burn_minute_marks
-- Primary key, one row a minute: a minute whose whole has not changed need not be read again.
SELECT bucket, requests, tokens_input, tokens_cached, tokens_output, credits_nano FROM roll_minute
WHERE kind = 0 AND bucket >= :start AND bucket < :end;

-- name: burn_minute
-- Primary key of bucket and event_at. One minute: buckets where it is covered, events where it is not.
SELECT b.context, b.service, b.requests, b.tokens_input, b.tokens_cached, coalesce(b.credits_nano, 0)
FROM coverage c CROSS JOIN dim k CROSS JOIN bucket b ON b.account = c.account AND b.kind = k.id AND b.start = :minute
WHERE c.layer = 2 AND c.start <= :minute AND c."end" > :minute AND k.kind = 17 AND b.width = 60
UNION ALL
SELECT e.context, e.service, count(*), sum(e.tokens_input), sum(e.tokens_cached), sum(coalesce(e.credits_nano, 0))
FROM event e JOIN context x ON x.id = e.context
WHERE e.at >= :minute AND e.at < :minute + 60
  AND NOT EXISTS (SELECT 1 FROM coverage c WHERE c.account = x.account AND c.layer = 2
                  AND c.start <= e.at AND c."end" > e.at)
GROUP BY e.context, e.service;

-- name: burn_wide
-- Primary key of bucket: the buckets of a whole hour where nobody knows how it spread over its minutes.
SELECT b.context, b.service, b.requests, b.tokens_input, b.tokens_cached, coalesce(b.credits_nano, 0)
FROM coverage c CROSS JOIN dim k CROSS JOIN bucket b ON b.account = c.account AND b.kind = k.id AND b.start = :hour
WHERE c.layer = 2 AND c.start <= :hour AND c."end" > :hour AND k.kind = 17 AND b.width = 3600;

-- name: burn_hour_marks
-- Primary key, one row an hour, as for minutes.
SELECT bucket, requests, tokens_input, tokens_output, credits_nano FROM roll_hour
WHERE kind = 0 AND bucket >= :start AND bucket < :end;

-- name: burn_hours
-- Primary key, by enumerating hours and series ([kind, id] pairs).
SELECT s.key, r.bucket, r.credits_nano, r.requests
FROM json_each(:series) s CROSS JOIN json_each(:hours) h
CROSS JOIN roll_hour r ON r.kind = s.value ->> 0 AND r.bucket = h.value AND r.id = s.value ->> 1;

-- name: burn_largest
-- Primary key, by enumerating kinds and hours: the series that burnt at least so much in these hours together.
SELECT r.kind, r.id
FROM json_each(:kinds) k CROSS JOIN json_each(:hours) h CROSS JOIN roll_hour r ON r.kind = k.value AND r.bucket = h.value
GROUP BY r.kind, r.id HAVING sum(r.credits_nano) >= :least;

-- name: burn_series
-- The unique index of names.
SELECT id FROM dim WHERE kind = :kind AND value = :value;

-- name: burn_ever
-- Primary key of bucket, by enumerating accounts, usage kinds and minutes: one row if there was any.
WITH RECURSIVE m(at) AS (SELECT :end - 60 UNION ALL SELECT at - 60 FROM m WHERE at > :start)
SELECT 1 FROM context x CROSS JOIN dim k CROSS JOIN m
CROSS JOIN bucket b ON b.account = x.account AND b.kind = k.id AND b.start = m.at AND b.context = x.id
  AND b.service = :service
WHERE x.id = :context AND k.kind = 17 LIMIT 1;

-- name: burn_state
SELECT at, block, state FROM detector_state WHERE name = :name;

-- name: drop_burn_state
-- Primary key.
DELETE FROM detector_state WHERE name = :name;

-- name: keep_burn_state
INSERT INTO detector_state (name, block, at, state) VALUES (:name, :block, :at, :state);

-- name: burn_contexts
-- Primary key of bucket, by enumerating covered stretches and usage kinds, and event_at.
SELECT context, sum(credits_nano) FROM (
  SELECT b.context, b.credits_nano
  FROM coverage c CROSS JOIN dim k CROSS JOIN bucket b
    ON b.account = c.account AND b.kind = k.id AND b.start >= max(c.start, :start) AND b.start < min(c."end", :end)
  WHERE c.layer = 2 AND c."end" > :start AND c.start < :end AND k.kind = 17
  UNION ALL
  SELECT e.context, e.credits_nano
  FROM event e JOIN context x ON x.id = e.context
  WHERE e.at >= :start AND e.at < :end
    AND NOT EXISTS (SELECT 1 FROM coverage c WHERE c.account = x.account AND c.layer = 2
                    AND c.start <= e.at AND c."end" > e.at)
) WHERE credits_nano IS NOT NULL GROUP BY context;

-- name: burn_cells_of
-- Primary key of bucket, by enumerating usage kinds, minutes and contexts. Wider buckets stand at their start.
SELECT b.context, b.service, sum(b.requests), sum(b.tokens_input), sum(b.tokens_cached), sum(b.tokens_output),
       coalesce(sum(b.credits_nano), 0)
FROM coverage c CROSS JOIN dim k CROSS JOIN json_each(:minutes) m CROSS JOIN json_each(:contexts) x
CROSS JOIN bucket b ON b.account = c.account AND b.kind = k.id AND b.start = m.value AND b.context = x.value
WHERE c.layer = 2 AND c.start < :end AND c."end" > :start AND k.kind = 17 AND m.value >= c.start AND m.value < c."end"
GROUP BY 1, 2;

-- name: burn_cells_among
-- Primary key of bucket, by enumerating covered stretches and usage kinds: for more contexts than can be sought.
SELECT b.context, b.service, sum(b.requests), sum(b.tokens_input), sum(b.tokens_cached), sum(b.tokens_output),
       coalesce(sum(b.credits_nano), 0)
FROM coverage c CROSS JOIN dim k CROSS JOIN bucket b
  ON b.account = c.account AND b.kind = k.id AND b.start >= max(c.start, :start) AND b.start < min(c."end", :end)
WHERE c.layer = 2 AND c."end" > :start AND c.start < :end AND k.kind = 17
  AND b.context IN (SELECT value FROM json_each(:contexts))
GROUP BY 1, 2;

-- name: burn_event_cells
-- event_at. Events in covered minutes tell only their errors, which buckets cannot know.
SELECT context, service, sum(counts), sum(counts * tokens_input), sum(counts * tokens_cached),
       sum(counts * tokens_output), sum(counts * coalesce(credits_nano, 0)), sum(failed)
FROM (
  SELECT e.context, e.service, e.tokens_input, e.tokens_cached, e.tokens_output, e.credits_nano,
         e.error IS NOT NULL AS failed,
         NOT EXISTS (SELECT 1 FROM coverage c WHERE c.account = x.account AND c.layer = 2
                     AND c.start <= e.at AND c."end" > e.at) AS counts
  FROM event e JOIN context x ON x.id = e.context
  WHERE e.at >= :start AND e.at < :end AND e.context IN (SELECT value FROM json_each(:contexts))
)
GROUP BY 1, 2 HAVING sum(counts) > 0 OR sum(failed) > 0;
