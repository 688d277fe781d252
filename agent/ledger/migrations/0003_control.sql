-- What people want, signed, and the log of what was done.

-- One row: what this ledger is called, so that an intent for one ledger is none for another.
CREATE TABLE ledger_name (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL);
INSERT INTO ledger_name (one, id) VALUES (1, lower(hex(randomblob(16))));

-- The only table that a console or a command writes. AUTOINCREMENT: a place that was taken is never given again.
CREATE TABLE intent (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id < 4611686018427387904), -- there is always a next one
  body TEXT NOT NULL,                -- canonical JSON, as it was signed
  signature TEXT NOT NULL,           -- Ed25519 over body, base64
  state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'done', 'refused')),
  reason TEXT NOT NULL DEFAULT '',
  handled_at INTEGER
);
CREATE INDEX intent_new ON intent (state) WHERE state = 'new';

-- What the agent itself has seen of verified intents, whatever becomes of their rows.
CREATE TABLE intent_seen (nonce TEXT PRIMARY KEY, intent INTEGER NOT NULL) WITHOUT ROWID; -- 0: found elsewhere than it was made for
CREATE INDEX intent_seen_place ON intent_seen (intent);

-- Who did what, hash-chained. The head is kept apart: rows cut off at the end are missed by it.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY CHECK (seq < 4611686018427387904),
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,               -- a person | agent | unverified
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,              -- canonical JSON
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL                 -- SHA-256 over the canonical JSON of all other columns
);
CREATE INDEX audit_at ON audit (at);
CREATE TABLE audit_head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL);
