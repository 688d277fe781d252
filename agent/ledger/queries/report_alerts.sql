-- Alerts as people read them.

-- name: alerts_listed
-- alert_open for the open ones, alert_started for the recent ones; those resolved since are found by reading every
-- row, of which there are some hundreds a year.
SELECT * FROM (
  SELECT * FROM alert WHERE state <> 'resolved'
  UNION
  SELECT * FROM alert WHERE started_at >= :since
  UNION
  SELECT * FROM alert WHERE resolved_at >= :since
) WHERE started_at <= :until ORDER BY started_at DESC, id DESC;

-- name: timelines
-- Every line; a test and an export read it.
SELECT incident, at, kind, actor, text, alert FROM timeline ORDER BY id;

-- name: alerts_firing
-- alert_open, the partial index: a few rows however long the history, on every change of the ledger.
SELECT id, tier, team, summary, started_at, fired_at FROM alert INDEXED BY alert_open
WHERE state <> 'resolved' AND state = 'firing' AND muted_by = '' ORDER BY id;

-- name: alerts_muted
-- alert_open, the partial index.
SELECT muted_by, count(*) AS alerts FROM alert INDEXED BY alert_open
WHERE state <> 'resolved' AND muted_by <> '' GROUP BY muted_by;

-- name: alerts_of_incident
-- alert_incident.
SELECT * FROM alert WHERE incident = :incident ORDER BY started_at, id;

-- name: incidents_listed
-- Some hundreds of rows a year; the count of alerts by alert_incident.
SELECT i.id, i.title, i."group" AS grouped_by, i.tier, i.cause, i.opened_at, i.closed_at, i.above_nano,
       (SELECT count(*) FROM alert a WHERE a.incident = i.id AND a.started_at <= :until) AS alerts
FROM incident i
WHERE i.opened_at <= :until AND (i.closed_at IS NULL OR i.closed_at >= :since) ORDER BY i.opened_at DESC, i.id DESC;

-- name: incident_by_id
-- Primary key, and alert_incident.
SELECT i.id, i.title, i."group" AS grouped_by, i.tier, i.cause, i.opened_at, i.closed_at, i.above_nano,
       (SELECT count(*) FROM alert a WHERE a.incident = i.id AND a.started_at <= :until) AS alerts
FROM incident i WHERE i.id = :id;

-- name: timeline_of_incident
-- timeline_incident.
SELECT at, kind, actor, text, alert FROM timeline WHERE incident = :incident AND at <= :until ORDER BY id;

-- name: newest_notice
-- outbox_alert: the messages of one alert.
SELECT notice FROM outbox WHERE alert = :alert AND created_at <= :until ORDER BY seq DESC LIMIT 1;

-- name: silences_listed
-- Some hundreds of rows a year.
SELECT id, author, reason, matchers, starts_at, ends_at, limit_nano, burnt_nano, ended_at, ended_why FROM silence
WHERE ended_at IS NULL OR ended_at >= :since ORDER BY id DESC;

-- name: minutes_of_one
-- Primary key of roll_minute, one look-up a minute.
SELECT r.bucket, r.credits_nano FROM json_each(:buckets) b
CROSS JOIN roll_minute r ON r.kind = :kind AND r.bucket = b.value AND r.id = :id;

-- name: hours_of_one
-- Primary key of roll_hour, one look-up an hour.
SELECT r.bucket, r.credits_nano FROM json_each(:buckets) b
CROSS JOIN roll_hour r ON r.kind = :kind AND r.bucket = b.value AND r.id = :id;

-- name: days_of_one
-- Primary key of roll_day, one look-up a day.
SELECT r.bucket, r.credits_nano FROM json_each(:buckets) b
CROSS JOIN roll_day r ON r.kind = :kind AND r.bucket = b.value AND r.id = :id;

-- name: bucket_minutes_in
-- Primary key of bucket, by enumerating covered stretches, usage kinds, minutes and contexts.
SELECT b.start AS bucket, sum(coalesce(b.credits_nano, 0)) AS credits_nano
FROM coverage c CROSS JOIN dim k CROSS JOIN json_each(:buckets) m CROSS JOIN json_each(:contexts) x
CROSS JOIN bucket b ON b.account = c.account AND b.kind = k.id AND b.start = m.value AND b.context = x.value
WHERE c.layer = 2 AND c.start < :end AND c."end" > :start AND k.kind = 17
  AND m.value >= c.start AND m.value < c."end" AND b.width = 60
GROUP BY 1;

-- name: event_minutes_in
-- event_at, of an hour at most. Events in metered minutes are in the buckets already.
SELECT e.at / 60 * 60 AS bucket, sum(coalesce(e.credits_nano, 0)) AS credits_nano
FROM event e INDEXED BY event_at JOIN context w ON w.id = e.context
WHERE e.at >= :start AND e.at < :end AND e.context IN (SELECT value FROM json_each(:contexts))
  AND NOT EXISTS (SELECT 1 FROM coverage c WHERE c.account = w.account AND c.layer = 2
                  AND c.start <= e.at AND c."end" > e.at)
GROUP BY 1;
