-- Incidents with their timelines, silences and planned activity.

-- name: incidents_open
-- incident_open, the partial index: a few rows however long the history.
SELECT id, title, "group", tier, cause, opened_at, closed_at, above_nano FROM incident WHERE closed_at IS NULL ORDER BY id;

-- name: incident_tier
-- Primary key.
SELECT tier FROM incident WHERE id = :id;

-- name: incidents_owing
-- A handful of rows: glass is seldom broken.
SELECT incident FROM incident_duty WHERE kind = 'postmortem' AND answer = '';

-- name: add_incident
INSERT INTO incident (title, "group", tier, cause, opened_at, closed_at, above_nano)
VALUES (:title, :group, :tier, :cause, :opened_at, :closed_at, :above_nano);

-- name: update_incident
UPDATE incident SET title = :title, tier = :tier, cause = :cause, closed_at = :closed_at, above_nano = :above_nano WHERE id = :id;

-- name: add_timeline
INSERT INTO timeline (incident, at, kind, actor, text, alert) VALUES (:incident, :at, :kind, :actor, :text, :alert);

-- name: silences_open
-- silence_open, the partial index.
SELECT id, author, reason, matchers, starts_at, ends_at, limit_nano, burnt_nano, ended_at, ended_why
FROM silence WHERE ended_at IS NULL ORDER BY id;

-- name: silence_by_id
SELECT id, author, reason, matchers, starts_at, ends_at, limit_nano, burnt_nano, ended_at, ended_why
FROM silence WHERE id = :id;

-- name: add_silence
INSERT INTO silence (author, reason, matchers, starts_at, ends_at, limit_nano, burnt_nano, ended_at, ended_why)
VALUES (:author, :reason, :matchers, :starts_at, :ends_at, :limit_nano, :burnt_nano, :ended_at, :ended_why);

-- name: update_silence
UPDATE silence SET burnt_nano = :burnt_nano, ended_at = :ended_at, ended_why = :ended_why WHERE id = :id;

-- name: planned_since
-- planned_end.
SELECT scope_kind, scope, start, "end", author, reason, id FROM planned WHERE "end" > :since ORDER BY start, id;

-- name: add_planned
INSERT INTO planned (scope_kind, scope, start, "end", author, reason)
VALUES (:scope_kind, :scope, :start, :end, :author, :reason);
