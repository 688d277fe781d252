-- Runs of runbooks: the text that each was started with, where it stands, what was found, who did what.

CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  runbook TEXT NOT NULL,             -- its id
  title TEXT NOT NULL,
  text TEXT NOT NULL,                -- the snapshot
  source TEXT NOT NULL,
  parameters TEXT NOT NULL,          -- JSON
  alert INTEGER, incident INTEGER,
  drill INTEGER NOT NULL,
  started_by TEXT NOT NULL, started_at INTEGER NOT NULL,
  holder TEXT NOT NULL,
  at_step INTEGER NOT NULL,          -- 0: at none any more
  state TEXT NOT NULL,               -- open | done | abandoned
  ended_at INTEGER, ended_by TEXT NOT NULL DEFAULT '', outcome TEXT NOT NULL DEFAULT '',
  revision INTEGER NOT NULL
);
CREATE INDEX run_open ON run (id) WHERE state = 'open';
CREATE INDEX run_incident ON run (incident) WHERE incident IS NOT NULL;
CREATE INDEX run_alert ON run (alert) WHERE alert IS NOT NULL;
CREATE INDEX run_started ON run (started_at);

CREATE TABLE run_step (
  run INTEGER NOT NULL, seq INTEGER NOT NULL,
  state TEXT NOT NULL,               -- ahead | ready | working | done | failed | skipped | undone | passed
  attempt INTEGER NOT NULL,
  began_at INTEGER, ended_at INTEGER,
  actor TEXT NOT NULL, outcome TEXT NOT NULL, answer TEXT NOT NULL, reason TEXT NOT NULL,
  action INTEGER, due_at INTEGER,
  PRIMARY KEY (run, seq)
) WITHOUT ROWID;

-- Every action that a run has made, also of earlier tries.
CREATE TABLE run_action (
  -- The columns of the key come first: otherwise quick_check of SQLite 3.40 takes such a table for a broken one.
  run INTEGER NOT NULL, action INTEGER NOT NULL, step INTEGER NOT NULL, attempt INTEGER NOT NULL,
  PRIMARY KEY (run, action)
) WITHOUT ROWID;

CREATE TABLE run_evidence (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL, step INTEGER NOT NULL, attempt INTEGER NOT NULL,
  at INTEGER NOT NULL, actor TEXT NOT NULL,
  text TEXT NOT NULL,                -- canonical JSON of agent.domain.run.Evidence
  sha256 TEXT NOT NULL               -- of the text; the audit log has it too
);
CREATE INDEX run_evidence_of ON run_evidence (run, step);

CREATE TABLE run_event (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL, step INTEGER,
  at INTEGER NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX run_event_of ON run_event (run);

CREATE TABLE run_sign_off (
  run INTEGER NOT NULL, step INTEGER NOT NULL, attempt INTEGER NOT NULL,
  person TEXT NOT NULL, role TEXT NOT NULL, approved INTEGER NOT NULL,
  at INTEGER NOT NULL, note TEXT NOT NULL,
  PRIMARY KEY (run, step, attempt, person)
) WITHOUT ROWID;
