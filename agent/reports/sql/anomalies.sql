-- Days with z > 3 per team, 60 days. Days without usage do not count, today is judged but not averaged, and a team
-- whose days are all alike (deviation 0) is never odd.
WITH daily AS (
  SELECT
    DATE(timestamp) AS day,
    usage_labels.team AS team,
    SUM(credits_consumed) AS credits
  FROM {table}
  WHERE timestamp >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 60 DAY)
  GROUP BY day, team
),
stats AS (
  SELECT
    team,
    AVG(credits) AS mean_credits,
    STDDEV(credits) AS std_credits
  FROM daily
  WHERE day BETWEEN DATE_SUB(CURRENT_DATE(), INTERVAL 30 DAY) AND DATE_SUB(CURRENT_DATE(), INTERVAL 1 DAY)
  GROUP BY team
)
SELECT
  d.day,
  d.team,
  d.credits,
  s.mean_credits,
  s.std_credits,
  (d.credits - s.mean_credits) / NULLIF(s.std_credits, 0) AS z_score
FROM daily AS d
JOIN stats AS s USING (team)
WHERE (d.credits - s.mean_credits) / NULLIF(s.std_credits, 0) > 3
ORDER BY z_score DESC
