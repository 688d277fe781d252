-- Actions: what is changed outside or in allocations, with its inverse, its approvals, and what gateways hold.

CREATE TABLE action (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,                -- throttle | block | models | cap | revoke | top_up | allocate
  state TEXT NOT NULL,               -- standby | pending | executing | accepted | confirmed | failed | reversing | reversed | expired | declined
  scope_kind TEXT NOT NULL, scope TEXT NOT NULL,
  spec TEXT NOT NULL,                -- canonical JSON of agent.domain.action.ActionSpec
  preview TEXT NOT NULL,             -- canonical JSON: what was shown before
  reason TEXT NOT NULL,
  needs TEXT NOT NULL,               -- JSON: approvals, each a list of roles
  requested_by TEXT NOT NULL, requested_at INTEGER NOT NULL,
  approve_by INTEGER, begun_at INTEGER, accepted_at INTEGER, confirmed_at INTEGER, expires_at INTEGER, ended_at INTEGER,
  ended_by TEXT NOT NULL DEFAULT '', why TEXT NOT NULL DEFAULT '', effect TEXT NOT NULL DEFAULT '',
  incident INTEGER, alert INTEGER
);
CREATE INDEX action_open ON action (state) WHERE state NOT IN ('failed', 'reversed', 'expired', 'declined');
CREATE INDEX action_incident ON action (incident) WHERE incident IS NOT NULL;
CREATE INDEX action_requested ON action (requested_at);

-- One row a target of an action. "before" is what undoing restores.
CREATE TABLE action_step (
  action INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  gateway TEXT NOT NULL, target_kind TEXT NOT NULL, target TEXT NOT NULL,
  want TEXT NOT NULL, before TEXT NOT NULL, -- canonical JSON
  version TEXT NOT NULL,
  state TEXT NOT NULL,               -- planned | applying | applied | undoing | undone | failed | kept
  detail TEXT NOT NULL,
  at INTEGER,
  PRIMARY KEY (action, seq)
) WITHOUT ROWID;
CREATE INDEX action_step_target ON action_step (gateway, target_kind, target) WHERE state IN ('applying', 'applied', 'undoing');

-- One person's word on one text of an action. A void one stays, with the reason.
CREATE TABLE approval (
  id INTEGER PRIMARY KEY,
  action INTEGER NOT NULL,
  digest TEXT NOT NULL,              -- of the exact change
  person TEXT NOT NULL, role TEXT NOT NULL,
  verdict TEXT NOT NULL,             -- approved | denied
  at INTEGER NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  void TEXT NOT NULL DEFAULT ''
);
CREATE INDEX approval_action ON approval (action);
CREATE UNIQUE INDEX approval_once ON approval (action, digest, person);

-- What allocations are beyond burndeck.toml: each change by the action that made it, until it is undone.
CREATE TABLE allocation_change (
  id INTEGER PRIMARY KEY,
  action INTEGER NOT NULL UNIQUE,
  allocation TEXT NOT NULL,
  change TEXT NOT NULL,              -- canonical JSON: {"top_up_nano": n} or the fields that are set
  starts_at INTEGER NOT NULL,
  ends_at INTEGER,                   -- NULL: until it is undone
  undone_at INTEGER
);
CREATE INDEX allocation_change_now ON allocation_change (starts_at) WHERE undone_at IS NULL;

-- What each gateway serves and holds, as the agent last read it.
CREATE TABLE gateway_status (
  gateway TEXT PRIMARY KEY, kind TEXT NOT NULL,
  state TEXT NOT NULL,               -- ok | failed
  message TEXT NOT NULL, hint TEXT NOT NULL, checked_at INTEGER NOT NULL, ok_at INTEGER
) WITHOUT ROWID;
CREATE TABLE gateway_key (
  gateway TEXT NOT NULL, id TEXT NOT NULL, api_key TEXT NOT NULL, name TEXT NOT NULL, team TEXT NOT NULL,
  project TEXT NOT NULL, environment TEXT NOT NULL, labels TEXT NOT NULL, created_at INTEGER, blocked INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (gateway, id)
) WITHOUT ROWID;
CREATE INDEX gateway_key_usage ON gateway_key (api_key);
CREATE TABLE gateway_target (
  gateway TEXT NOT NULL, target_kind TEXT NOT NULL, target TEXT NOT NULL,
  fields TEXT NOT NULL, version TEXT NOT NULL, seen_at INTEGER NOT NULL,
  PRIMARY KEY (gateway, target_kind, target)
) WITHOUT ROWID;

-- What an incident wants before it is over: how critical it is, and who has signed its postmortem.
CREATE TABLE incident_duty (
  incident INTEGER NOT NULL,
  kind TEXT NOT NULL,                -- criticality | postmortem
  due_at INTEGER,
  answer TEXT NOT NULL DEFAULT '',   -- critical | not_critical; the text of a postmortem
  person TEXT NOT NULL DEFAULT '', at INTEGER,
  PRIMARY KEY (incident, kind)
) WITHOUT ROWID;
