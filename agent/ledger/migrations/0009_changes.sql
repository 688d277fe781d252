-- What was changed around the burn: releases, keys, limits, projects, people. Times are UTC epoch seconds.

-- `id` is made of source and external_id, so that the same thing read again counts once.
CREATE TABLE change_feed (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL, until INTEGER, -- NULL: a moment
  source TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL, actor TEXT NOT NULL,
  scope_kind TEXT NOT NULL, scope TEXT NOT NULL, -- both empty: the whole organization
  url TEXT NOT NULL, external_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX change_feed_at ON change_feed (at);
CREATE INDEX change_feed_until ON change_feed (until) WHERE until IS NOT NULL;
CREATE INDEX change_feed_source ON change_feed (source, at);
