-- The life of alerts beyond firing: who was told, who took it, what mutes it, and what belongs together.

ALTER TABLE alert ADD COLUMN environment TEXT NOT NULL DEFAULT '';
ALTER TABLE alert ADD COLUMN acknowledged_at INTEGER;
ALTER TABLE alert ADD COLUMN acknowledged_by TEXT NOT NULL DEFAULT '';
ALTER TABLE alert ADD COLUMN escalated_at INTEGER;
ALTER TABLE alert ADD COLUMN muted_by TEXT NOT NULL DEFAULT '';  -- silence:3 | alert:17
ALTER TABLE alert ADD COLUMN told_at INTEGER;
ALTER TABLE alert ADD COLUMN asked_at INTEGER;
ALTER TABLE alert ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert ADD COLUMN above_nano INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert ADD COLUMN incident INTEGER;
CREATE INDEX alert_period ON alert (period, rule) WHERE period <> '';
CREATE INDEX alert_incident ON alert (incident) WHERE incident IS NOT NULL;

-- Alerts that belong together. One open incident a group.
CREATE TABLE incident (
  id INTEGER PRIMARY KEY,
  title TEXT NOT NULL,
  "group" TEXT NOT NULL,
  tier TEXT NOT NULL,
  cause TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  closed_at INTEGER,
  above_nano INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX incident_open ON incident ("group") WHERE closed_at IS NULL;
CREATE TABLE timeline (
  id INTEGER PRIMARY KEY,
  incident INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  text TEXT NOT NULL,
  alert INTEGER
);
CREATE INDEX timeline_incident ON timeline (incident, id);

-- What people do not want to be told, until a time or an amount is reached.
CREATE TABLE silence (
  id INTEGER PRIMARY KEY,
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  matchers TEXT NOT NULL,            -- JSON object: field -> pattern
  starts_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  limit_nano INTEGER NOT NULL,
  burnt_nano INTEGER NOT NULL DEFAULT 0,
  ended_at INTEGER,
  ended_why TEXT NOT NULL DEFAULT '' -- time | credits | lifted
);
CREATE INDEX silence_open ON silence (ends_at) WHERE ended_at IS NULL;

-- Burn that people knew of beforehand: left out of what is usual, and added to the forecast.
CREATE TABLE planned (
  id INTEGER PRIMARY KEY,
  scope_kind TEXT NOT NULL,
  scope TEXT NOT NULL,
  start INTEGER NOT NULL,
  "end" INTEGER NOT NULL,
  author TEXT NOT NULL,
  reason TEXT NOT NULL
);
CREATE INDEX planned_end ON planned ("end");

-- Messages to deliver, written in the transaction of the change that they tell of. At least once; id is the
-- idempotency key of every attempt.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY,           -- the order in which they are told, whatever the clock says
  id TEXT NOT NULL UNIQUE,
  notice TEXT NOT NULL,              -- JSON: agent.domain.notice.Notice
  channel TEXT NOT NULL,             -- name in [[alerts.channels]]
  target TEXT NOT NULL,              -- #channel or address, where the channel has several
  alert INTEGER,
  dedup_key TEXT NOT NULL,
  state TEXT NOT NULL,               -- waiting | sent | failed | gone
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  sent_at INTEGER,
  receipt TEXT NOT NULL DEFAULT '',  -- what the receiver calls it: a ticket's number, a message id
  error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'waiting';
CREATE INDEX outbox_alert ON outbox (alert);
CREATE INDEX outbox_created ON outbox (created_at);

-- State of detectors that must outlive a restart.
CREATE TABLE detector_state (
  name TEXT NOT NULL,
  block TEXT NOT NULL,               -- a part of the state, so that no part is large
  at INTEGER NOT NULL,
  state BLOB NOT NULL,
  PRIMARY KEY (name, block)
);
