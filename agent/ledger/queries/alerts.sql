-- What alert evaluation reads and keeps. Kinds: 0 total, 1 team, 2 model, 8 key; layer 2 is "metered".

-- name: alert_mark
-- Primary key of roll_day: two rows of the whole, the few ends of coverage, and the changes of allocations.
SELECT r.bucket, r.requests, r.credits_nano FROM json_each(:days) d CROSS JOIN roll_day r ON r.kind = 0 AND r.bucket = d.value
UNION ALL
SELECT account, max("end"), 0 FROM coverage WHERE layer = 2 GROUP BY account
UNION ALL
SELECT count(*), count(undone_at), 0 FROM allocation_change;

-- name: alert_coverage_ends
-- A few rows an account.
SELECT account, max("end") FROM coverage WHERE layer = 2 GROUP BY account;

-- name: alert_newest_event
-- The right end of event_at.
SELECT max(at) FROM event;

-- name: alert_contexts_after
-- Primary keys.
SELECT x.id, x.api_key, k.value, x.team, t.value, n.value, p.value, d.value, g.value
FROM context x JOIN dim k ON k.id = x.api_key JOIN dim t ON t.id = x.team JOIN dim n ON n.id = x.environment
JOIN dim p ON p.id = x.project JOIN dim d ON d.id = x.department JOIN dim g ON g.id = x.billing_group
WHERE x.id > ?;

-- name: alert_services_after
-- Primary keys.
SELECT s.id, s.model, m.value, o.value, t.value
FROM service s JOIN dim m ON m.id = s.model JOIN dim o ON o.id = s.operation JOIN dim t ON t.id = s.tier
WHERE s.id > ?;

-- name: alert_first_seen
-- Primary key.
SELECT at FROM first_seen WHERE kind = ? AND id = ?;

-- name: alert_burnt_days
-- Primary key, by enumerating kinds and days.
SELECT r.kind, coalesce(d.value, ''), sum(r.credits_nano)
FROM json_each(:kinds) k CROSS JOIN json_each(:days) b
CROSS JOIN roll_day r ON r.kind = k.value AND r.bucket = b.value
LEFT JOIN dim d ON d.id = r.id
GROUP BY r.kind, r.id;

-- name: alert_burnt_hours
-- Primary key, by enumerating kinds and hours: the hours of a day that a time zone cuts.
SELECT r.kind, coalesce(d.value, ''), sum(r.credits_nano)
FROM json_each(:kinds) k CROSS JOIN json_each(:hours) b
CROSS JOIN roll_hour r ON r.kind = k.value AND r.bucket = b.value
LEFT JOIN dim d ON d.id = r.id
GROUP BY r.kind, r.id;

-- name: alert_burnt_part
-- Primary key of bucket and event_at: the part of an hour with which the month of a half-hour time zone begins.
SELECT k.value, coalesce(d.value, ''), sum(x.credits_nano)
FROM (
  SELECT b.context, b.credits_nano * (min(b.start + b.width, :end) - max(b.start, :start)) / b.width AS credits_nano
  FROM coverage c CROSS JOIN dim u CROSS JOIN bucket b
    ON b.account = c.account AND b.kind = u.id AND b.start >= max(c.start, :hour) AND b.start < min(c."end", :end)
  WHERE c.layer = 2 AND c."end" > :hour AND c.start < :end AND u.kind = 17 AND b.start + b.width > :start
    AND b.width <= 3600
  UNION ALL
  SELECT e.context, e.credits_nano
  FROM event e JOIN context x ON x.id = e.context
  WHERE e.at >= :start AND e.at < :end
    AND NOT EXISTS (SELECT 1 FROM coverage c WHERE c.account = x.account AND c.layer = 2
                    AND c.start <= e.at AND c."end" > e.at)
) x JOIN context w ON w.id = x.context CROSS JOIN json_each(:kinds) k
LEFT JOIN dim d ON d.id = CASE k.value WHEN 1 THEN w.team WHEN 6 THEN w.billing_group WHEN 7 THEN w.department
                          WHEN 8 THEN w.api_key WHEN 9 THEN w.project END
WHERE x.credits_nano IS NOT NULL
GROUP BY 1, 2;

-- name: alert_key_name
-- Some hundred keys at most: their directory by its primary key's end.
SELECT name FROM directory_key WHERE id = ? AND name <> '' LIMIT 1;

-- name: alert_key_names
-- All keys that the directory names, once for a plan of many.
SELECT id, name FROM directory_key WHERE name <> '';

-- name: alerts_open
-- alert_open, the partial index of those not resolved: a few rows however long the history.
SELECT * FROM alert INDEXED BY alert_open WHERE state <> 'resolved' ORDER BY id;

-- name: alerts_of_period
-- alert_started.
SELECT * FROM alert WHERE rule = :rule AND period = :period AND started_at >= :since ORDER BY started_at, id;

-- name: alert_by_id
SELECT * FROM alert WHERE id = :id;

-- name: alerts_of_incidents
-- alert_incident, by enumerating the few that are open.
SELECT a.* FROM json_each(:incidents) i CROSS JOIN alert a ON a.incident = i.value ORDER BY a.id;

-- name: add_alert
INSERT INTO alert (fingerprint, rule, tier, state, scope_kind, scope, allocation_id, period, started_at, fired_at,
  resolved_at, last_at, current_nano, expected_nano, threshold, score, api_key, team, environment, cause, summary, evidence,
  acknowledged_at, acknowledged_by, escalated_at, muted_by, told_at, asked_at, told, above_nano, incident)
VALUES (:fingerprint, :rule, :tier, :state, :scope_kind, :scope, :allocation_id, :period, :started_at, :fired_at,
  :resolved_at, :last_at, :current_nano, :expected_nano, :threshold, :score, :api_key, :team, :environment, :cause, :summary, :evidence,
  :acknowledged_at, :acknowledged_by, :escalated_at, :muted_by, :told_at, :asked_at, :told, :above_nano, :incident);

-- name: update_alert
UPDATE alert SET tier = :tier, state = :state, fired_at = :fired_at, resolved_at = :resolved_at, last_at = :last_at,
  current_nano = :current_nano, expected_nano = :expected_nano, threshold = :threshold, score = :score,
  api_key = :api_key, team = :team, environment = :environment, cause = :cause, summary = :summary, evidence = :evidence,
  acknowledged_at = :acknowledged_at, acknowledged_by = :acknowledged_by, escalated_at = :escalated_at,
  muted_by = :muted_by, told_at = :told_at, asked_at = :asked_at, told = :told, above_nano = :above_nano, incident = :incident
WHERE id = :id;

-- name: drop_alert
-- A suspicion that did not last leaves no trace.
DELETE FROM alert WHERE id = :id AND state = 'pending' AND fired_at IS NULL;
