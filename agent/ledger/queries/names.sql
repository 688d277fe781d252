-- Interning: dimensions, contexts, services and team x model pairs. Ids are given by the writer that holds the lock.

-- name: names_newest
-- Primary keys: four look-ups at the right end of each table.
SELECT (SELECT coalesce(max(id), 0) FROM dim), (SELECT coalesce(max(id), 0) FROM context),
       (SELECT coalesce(max(id), 0) FROM service), (SELECT coalesce(max(id), 0) FROM team_model);

-- name: dims_after
-- Primary key.
SELECT id, kind, value FROM dim WHERE id > ? ORDER BY id;

-- name: dims_of_kind
-- Unique index (kind, value).
SELECT value FROM dim WHERE kind = :kind AND value <> '' ORDER BY value;

-- name: contexts_after
-- Primary key. The columns stand in the order of agent.domain.usage.Dimensions.
SELECT id, account, api_key, user, project, environment, team, department, billing_group, cost_center, owner, pattern
FROM context WHERE id > ? ORDER BY id;

-- name: services_after
-- Primary key.
SELECT id, model, operation, endpoint, tier FROM service WHERE id > ? ORDER BY id;

-- name: team_models_after
-- Primary key.
SELECT id, team, model FROM team_model WHERE id > ? ORDER BY id;

-- name: add_dim
INSERT INTO dim (id, kind, value) VALUES (?, ?, ?);

-- name: add_context
INSERT INTO context VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: add_service
INSERT INTO service VALUES (?, ?, ?, ?, ?);

-- name: add_team_model
INSERT INTO team_model VALUES (?, ?, ?);
