-- What only queries of runbooks read. Amounts are nano-credits.

-- name: asked_team_models
-- Primary key of roll_day and roll_hour, ranges on (kind, bucket): whole UTC days between two stretches of hours.
SELECT p.team, p.model, sum(r.requests) AS requests, sum(r.tokens_input) AS tokens_input, sum(r.tokens_cached) AS tokens_cached,
       sum(r.tokens_output) AS tokens_output, sum(r.quantity_micro) AS quantity_micro, sum(r.unpriced) AS unpriced,
       sum(r.credits_nano) AS credits_nano
FROM (
  SELECT id, requests, tokens_input, tokens_cached, tokens_output, quantity_micro, unpriced, credits_nano
  FROM roll_day WHERE kind = 20 AND bucket >= :first_day AND bucket < :last_day
  UNION ALL
  SELECT id, requests, tokens_input, tokens_cached, tokens_output, quantity_micro, unpriced, credits_nano
  FROM roll_hour WHERE kind = 20 AND bucket >= :start AND bucket < :first_day
  UNION ALL
  SELECT id, requests, tokens_input, tokens_cached, tokens_output, quantity_micro, unpriced, credits_nano
  FROM roll_hour WHERE kind = 20 AND bucket >= :last_day AND bucket < :end
) r JOIN team_model p ON p.id = r.id
GROUP BY p.team, p.model;
