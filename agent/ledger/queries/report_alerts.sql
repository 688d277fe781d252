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
