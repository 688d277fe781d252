-- The change feed: releases and whatever else was changed around the burn.

-- name: put_change
-- Primary key. A change that is read again as it was writes nothing.
INSERT INTO change_feed (id, at, until, source, kind, title, actor, scope_kind, scope, url, external_id)
VALUES (:id, :at, :until, :source, :kind, :title, :actor, :scope_kind, :scope, :url, :external_id)
ON CONFLICT (id) DO UPDATE SET at = excluded.at, until = excluded.until, kind = excluded.kind, title = excluded.title,
  actor = excluded.actor, scope_kind = excluded.scope_kind, scope = excluded.scope, url = excluded.url
WHERE (at, coalesce(until, -1), kind, title, actor, scope_kind, scope, url)
  IS NOT (excluded.at, coalesce(excluded.until, -1), excluded.kind, excluded.title, excluded.actor,
          excluded.scope_kind, excluded.scope, excluded.url);

-- name: drop_changes
-- change_feed_source: what a source no longer lists, from a time on.
DELETE FROM change_feed WHERE source = :source AND at >= :since AND id NOT IN (SELECT value FROM json_each(:ids));

-- name: drop_change_ids
-- Primary key.
DELETE FROM change_feed WHERE source = :source AND id IN (SELECT value FROM json_each(:ids));

-- name: drop_change_sources
-- change_feed_source: the sources of one prefix.
DELETE FROM change_feed WHERE source >= :first AND source < :end AND at >= :since
  AND source NOT IN (SELECT value FROM json_each(:names));

-- name: changes_between
-- change_feed_at: a day or a week of a table that grows by some rows a day. The newest come first.
-- change_feed_until: what began before and still lasted then.
SELECT * FROM (
  SELECT id, at, until, source, kind, title, actor, scope_kind, scope, url FROM change_feed
  WHERE at >= :since AND at < :until
  UNION ALL
  SELECT id, at, until, source, kind, title, actor, scope_kind, scope, url FROM change_feed
  WHERE until > :since AND at < :since
) ORDER BY at DESC, kind <> 'release', title, id LIMIT :most;

-- name: change_scopes
-- The contexts, some thousands: which teams, keys and projects belong together.
SELECT DISTINCT k.value AS api_key, p.value AS project, t.value AS team
FROM context c JOIN dim k ON k.id = c.api_key JOIN dim p ON p.id = c.project JOIN dim t ON t.id = c.team;

-- name: change_keys
-- The whole directory: a key that has not burnt yet is known by its project.
SELECT id, project FROM directory_key;
