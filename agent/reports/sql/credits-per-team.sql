-- Credits and completions per team, 30 days. All credits are divided by completions alone, as the guide has it:
-- a team without completions has none per inference.
SELECT
  usage_labels.team AS team,
  SUM(credits_consumed) AS credits_consumed_30d,
  COUNTIF(operation_type = 'completion') AS completion_count_30d,
  ROUND(SUM(credits_consumed) / NULLIF(COUNTIF(operation_type = 'completion'), 0), 6) AS credits_per_inference
FROM {table}
WHERE timestamp >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY)
GROUP BY team
ORDER BY credits_consumed_30d DESC
