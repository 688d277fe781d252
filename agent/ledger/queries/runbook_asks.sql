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

-- name: asked_newest_event
-- Index event_at, from its right end; an account that is quiet for all of the stretch costs the stretch.
SELECT e.at FROM event e INDEXED BY event_at CROSS JOIN context x ON x.id = e.context
WHERE e.at >= :since AND x.account = :account ORDER BY e.at DESC LIMIT 1;
