-- The ten largest pairs of model and team, 7 days.
SELECT
  model_name,
  usage_labels.team AS team,
  SUM(credits_consumed) AS credits_week,
  COUNT(*) AS request_count
FROM {table}
WHERE timestamp >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
GROUP BY model_name, team
ORDER BY credits_week DESC
LIMIT 10
