-- Alerts as people read them.

-- name: alerts_listed
-- alert_open for the open ones, alert_started for the recent ones.
SELECT * FROM (
  SELECT * FROM alert WHERE state <> 'resolved'
  UNION
  SELECT * FROM alert WHERE started_at >= :since
) WHERE started_at <= :until ORDER BY started_at DESC, id DESC;
