-- The ledger. Money is integer nano-credits, time is UTC epoch seconds, names are dictionary-encoded.

-- Every name once: kind is agent.ledger.kinds.Kind, value '' is "unattributed".
CREATE TABLE dim (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  value TEXT NOT NULL,
  UNIQUE (kind, value)
);

-- Who a row belongs to, as known at event time; all columns but id are dim.id.
CREATE TABLE context (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  api_key INTEGER NOT NULL,
  user INTEGER NOT NULL,
  project INTEGER NOT NULL,
  environment INTEGER NOT NULL,
  team INTEGER NOT NULL,
  department INTEGER NOT NULL,
  billing_group INTEGER NOT NULL,
  cost_center INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  pattern INTEGER NOT NULL,
  UNIQUE (account, api_key, user, project, environment, team, department, billing_group, cost_center, owner, pattern)
);

-- What was called; all columns but id are dim.id.
CREATE TABLE service (
  id INTEGER PRIMARY KEY,
  model INTEGER NOT NULL,
  operation INTEGER NOT NULL,
  endpoint INTEGER NOT NULL,
  tier INTEGER NOT NULL,
  UNIQUE (model, operation, endpoint, tier)
);

-- Team x model, the one pair that reports ask for by day; rollups of kind TEAM_MODEL point here.
CREATE TABLE team_model (
  id INTEGER PRIMARY KEY,
  team INTEGER NOT NULL,
  model INTEGER NOT NULL,
  UNIQUE (team, model)
);

-- Layer "estimated": one row a request. tokens_input includes tokens_cached. credits_nano NULL: unpriced.
CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  request_id NOT NULL,               -- TEXT, or the 16 bytes of a canonical UUID
  context INTEGER NOT NULL,
  service INTEGER NOT NULL,
  tokens_input INTEGER NOT NULL,
  tokens_cached INTEGER NOT NULL,
  tokens_output INTEGER NOT NULL,
  quantity_micro INTEGER NOT NULL,   -- millionths of the unit of QUANTITY_METER[operation]
  credits_nano INTEGER,
  latency_ms INTEGER,
  error INTEGER                      -- dim.id of kind ERROR, NULL: no error
);
CREATE INDEX event_at ON event (at);

-- Deduplication: one sorted run of 64-bit request hashes a batch (little-endian uint64), and for each hash
-- the event it belongs to (uint32, event.id - first_event). Small runs are merged into larger ones.
CREATE TABLE hash_run (
  id INTEGER PRIMARY KEY,
  first_event INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  count INTEGER NOT NULL,
  hashes BLOB NOT NULL,
  offsets BLOB NOT NULL
);

-- Layer "metered": the provider's sums, replaced whole when a window is read again. kind is the usage kind.
-- A row counts where its start is covered by "metered". read_at: when it was first read with these values.
CREATE TABLE bucket (
  account INTEGER NOT NULL,
  kind INTEGER NOT NULL,             -- dim.id of kind USAGE_KIND (completions, embeddings, ...)
  start INTEGER NOT NULL,
  context INTEGER NOT NULL,
  service INTEGER NOT NULL,
  width INTEGER NOT NULL,            -- seconds: 60, 3600 or 86400
  requests INTEGER NOT NULL,
  tokens_input INTEGER NOT NULL,
  tokens_cached INTEGER NOT NULL,
  tokens_output INTEGER NOT NULL,
  quantity_micro INTEGER NOT NULL,
  credits_nano INTEGER,
  read_at INTEGER NOT NULL,
  PRIMARY KEY (account, kind, start, context, service)
) WITHOUT ROWID;

-- Layer "billed": the provider's costs a UTC day, replaced whole when a day is read again.
CREATE TABLE cost (
  account INTEGER NOT NULL,
  day INTEGER NOT NULL,              -- epoch seconds of 00:00 UTC
  context INTEGER NOT NULL,
  service INTEGER NOT NULL,
  line_item INTEGER NOT NULL,        -- dim.id of kind LINE_ITEM
  amount_nano INTEGER NOT NULL,      -- currency units times 10^9, may be negative
  currency TEXT NOT NULL,
  credits_nano INTEGER NOT NULL,
  read_at INTEGER NOT NULL,
  PRIMARY KEY (account, day, context, service, line_item)
) WITHOUT ROWID;

-- Which layer covers which stretch of an account: [start, "end"), whole minutes (metered) or days (billed).
-- Minutes outside are estimated. Adjacent stretches are merged.
CREATE TABLE coverage (
  account INTEGER NOT NULL,
  layer INTEGER NOT NULL,
  start INTEGER NOT NULL,
  "end" INTEGER NOT NULL,
  PRIMARY KEY (account, layer, start)
) WITHOUT ROWID;

-- Effective amounts (the highest layer that covers each account and minute) as marginals per dimension kind.
-- roll_minute has the few-valued kinds only; roll_day takes credits from "billed" where a day is covered by it.
-- A bucket wider than a level is left out of that level: nobody knows how an hour spreads over its minutes.
-- In metered minutes events still bring their errors and latency, which buckets cannot know. Rows of nothing are
-- swept. unpriced counts requests without a price. A sum beyond 64 bits would become a float: it fails instead.
CREATE TABLE roll_minute (
  kind INTEGER NOT NULL, bucket INTEGER NOT NULL, id INTEGER NOT NULL,
  requests INTEGER NOT NULL, errors INTEGER NOT NULL,
  tokens_input INTEGER NOT NULL, tokens_cached INTEGER NOT NULL, tokens_output INTEGER NOT NULL,
  quantity_micro INTEGER NOT NULL, credits_nano INTEGER NOT NULL CHECK (typeof(credits_nano) = 'integer'), unpriced INTEGER NOT NULL,
  completions INTEGER NOT NULL, completion_credits_nano INTEGER NOT NULL,
  latency_ms INTEGER NOT NULL, latency_count INTEGER NOT NULL,
  PRIMARY KEY (kind, bucket, id)
) WITHOUT ROWID;
CREATE TABLE roll_hour (
  kind INTEGER NOT NULL, bucket INTEGER NOT NULL, id INTEGER NOT NULL,
  requests INTEGER NOT NULL, errors INTEGER NOT NULL,
  tokens_input INTEGER NOT NULL, tokens_cached INTEGER NOT NULL, tokens_output INTEGER NOT NULL,
  quantity_micro INTEGER NOT NULL, credits_nano INTEGER NOT NULL CHECK (typeof(credits_nano) = 'integer'), unpriced INTEGER NOT NULL,
  completions INTEGER NOT NULL, completion_credits_nano INTEGER NOT NULL,
  latency_ms INTEGER NOT NULL, latency_count INTEGER NOT NULL,
  PRIMARY KEY (kind, bucket, id)
) WITHOUT ROWID;
CREATE TABLE roll_day (
  kind INTEGER NOT NULL, bucket INTEGER NOT NULL, id INTEGER NOT NULL,
  requests INTEGER NOT NULL, errors INTEGER NOT NULL,
  tokens_input INTEGER NOT NULL, tokens_cached INTEGER NOT NULL, tokens_output INTEGER NOT NULL,
  quantity_micro INTEGER NOT NULL, credits_nano INTEGER NOT NULL CHECK (typeof(credits_nano) = 'integer'), unpriced INTEGER NOT NULL,
  completions INTEGER NOT NULL, completion_credits_nano INTEGER NOT NULL,
  latency_ms INTEGER NOT NULL, latency_count INTEGER NOT NULL,
  PRIMARY KEY (kind, bucket, id)
) WITHOUT ROWID;

-- What each layer alone says by account and hour, for the drift between layers.
-- A day's bill stands at the hour of 00:00, a day-wide bucket at the hour of its start.
CREATE TABLE layer_hour (
  account INTEGER NOT NULL, layer INTEGER NOT NULL, bucket INTEGER NOT NULL,
  requests INTEGER NOT NULL, credits_nano INTEGER NOT NULL CHECK (typeof(credits_nano) = 'integer'),
  PRIMARY KEY (account, layer, bucket)
) WITHOUT ROWID;

-- First time a key or model was seen burning (kind, id as in dim); never moves later.
CREATE TABLE first_seen (kind INTEGER NOT NULL, id INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;

-- The rates that priced the rows: nano-credits per million units, with the day they took effect.
CREATE TABLE rate (
  model TEXT NOT NULL, tier TEXT NOT NULL, meter TEXT NOT NULL, effective_from INTEGER NOT NULL,
  nano_per_million INTEGER NOT NULL,
  PRIMARY KEY (model, tier, meter, effective_from)
) WITHOUT ROWID;

-- Rows that were refused, with the reason; raw is cut at 500 characters.
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, location TEXT NOT NULL, reason TEXT NOT NULL,
  raw TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE (source, location, reason)
);

-- Things worth a person's eye that are no alert: a label that changed for a known request, a conflict, a correction.
CREATE TABLE finding (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL, at INTEGER NOT NULL,
  UNIQUE (kind, subject, detail)
);

-- Where each source stands: cursors and watermarks as JSON by name, and its health for doctor and status lines.
CREATE TABLE source_cursor (source TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (source, name)) WITHOUT ROWID;
CREATE TABLE source_status (
  source TEXT PRIMARY KEY, kind TEXT NOT NULL, account TEXT NOT NULL, state TEXT NOT NULL, -- ok | waiting | failed | stopped
  message TEXT NOT NULL, hint TEXT NOT NULL, last_ok INTEGER, last_try INTEGER, covered_to INTEGER, retry_at INTEGER
) WITHOUT ROWID;

-- The provider's directory. removed_at is a tombstone: the row stays, since usage keeps naming it.
CREATE TABLE directory_project (id TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
  created_at INTEGER, archived_at INTEGER, seen_at INTEGER NOT NULL, removed_at INTEGER, PRIMARY KEY (account, id)) WITHOUT ROWID;
CREATE TABLE directory_key (id TEXT NOT NULL, account TEXT NOT NULL, project TEXT NOT NULL, name TEXT NOT NULL,
  redacted TEXT NOT NULL, owner_type TEXT NOT NULL, owner_id TEXT NOT NULL, owner_name TEXT NOT NULL,
  created_at INTEGER, last_used_at INTEGER, expires_at INTEGER, seen_at INTEGER NOT NULL, removed_at INTEGER,
  PRIMARY KEY (account, id)) WITHOUT ROWID;
CREATE TABLE directory_person (id TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL, -- user | service_account
  project TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL, role TEXT NOT NULL,
  created_at INTEGER, seen_at INTEGER NOT NULL, removed_at INTEGER, PRIMARY KEY (account, kind, id)) WITHOUT ROWID;

-- Alerts. One row an alert and episode; fingerprint is unique among the open ones.
CREATE TABLE alert (
  id INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  rule TEXT NOT NULL,                -- budget | burn_spike | ...
  tier TEXT NOT NULL,                -- info | warning | critical | hard_cap
  state TEXT NOT NULL,               -- pending | firing | acknowledged | resolved
  scope_kind TEXT NOT NULL, scope TEXT NOT NULL,
  allocation_id TEXT NOT NULL, period TEXT NOT NULL,
  started_at INTEGER NOT NULL, fired_at INTEGER, resolved_at INTEGER, last_at INTEGER NOT NULL,
  current_nano INTEGER NOT NULL, expected_nano INTEGER NOT NULL, threshold TEXT NOT NULL, -- exact decimal
  score TEXT NOT NULL, api_key TEXT NOT NULL, team TEXT NOT NULL, cause TEXT NOT NULL,
  summary TEXT NOT NULL, evidence TEXT NOT NULL -- JSON
);
CREATE UNIQUE INDEX alert_open ON alert (fingerprint) WHERE state <> 'resolved';
CREATE INDEX alert_started ON alert (started_at);

-- Releases planned or done, with the change in burn a day that they are expected to bring.
CREATE TABLE release (id TEXT PRIMARY KEY, day INTEGER NOT NULL, title TEXT NOT NULL, team TEXT NOT NULL, credits_nano_per_day INTEGER NOT NULL) WITHOUT ROWID;

-- One row: the agent that owns this ledger.
CREATE TABLE agent_state (one INTEGER PRIMARY KEY CHECK (one = 1), pid INTEGER NOT NULL, host TEXT NOT NULL, version TEXT NOT NULL,
  started_at INTEGER NOT NULL, beat_at INTEGER NOT NULL, stopped_at INTEGER);

-- The guide's four views, on the rollups.
CREATE VIEW mv_credits_by_team AS
  SELECT r.bucket AS day, t.value AS team, m.value AS model, r.credits_nano, r.requests, r.completions
  FROM roll_day r JOIN team_model p ON p.id = r.id JOIN dim t ON t.id = p.team JOIN dim m ON m.id = p.model
  WHERE r.kind = 20;
CREATE VIEW mv_model_costs AS
  SELECT CAST(strftime('%s', date(r.bucket, 'unixepoch', 'start of month')) AS INTEGER) AS month, m.value AS model,
         SUM(r.credits_nano) AS credits_nano, SUM(r.requests) AS requests,
         SUM(r.tokens_input) AS tokens_input, SUM(r.tokens_output) AS tokens_output
  FROM roll_day r JOIN dim m ON m.id = r.id WHERE r.kind = 2 GROUP BY month, m.value;
CREATE VIEW mv_request_summary AS
  SELECT r.bucket AS hour, e.value AS endpoint, r.requests, r.errors, r.latency_ms AS latency_ms_sum, r.latency_count
  FROM roll_hour r JOIN dim e ON e.id = r.id WHERE r.kind = 3;
CREATE VIEW mv_forecast_inputs AS
  SELECT r.bucket AS day, r.credits_nano, COALESCE((SELECT SUM(x.credits_nano_per_day) FROM release x WHERE x.day = r.bucket), 0) AS release_credits_nano,
         (SELECT group_concat(x.title, '; ') FROM release x WHERE x.day = r.bucket) AS releases
  FROM roll_day r WHERE r.kind = 0;

-- For people with a SQL prompt: the guide's usage record, names instead of numbers.
CREATE VIEW events AS
  SELECT strftime('%Y-%m-%dT%H:%M:%SZ', e.at, 'unixepoch') AS timestamp,
         CASE typeof(e.request_id) WHEN 'blob' THEN lower(substr(hex(e.request_id),1,8)||'-'||substr(hex(e.request_id),9,4)||'-'||substr(hex(e.request_id),13,4)||'-'||substr(hex(e.request_id),17,4)||'-'||substr(hex(e.request_id),21)) ELSE e.request_id END AS request_id,
         k.value AS api_key_id, m.value AS model_name, o.value AS operation_type,
         e.tokens_input, e.tokens_cached, e.tokens_output, e.quantity_micro, e.credits_nano,
         t.value AS team, cc.value AS cost_center, p.value AS project, n.value AS environment,
         e.latency_ms AS response_latency_ms, x.value AS error_code
  FROM event e JOIN context c ON c.id = e.context JOIN service s ON s.id = e.service
  JOIN dim k ON k.id = c.api_key JOIN dim t ON t.id = c.team JOIN dim cc ON cc.id = c.cost_center
  JOIN dim p ON p.id = c.project JOIN dim n ON n.id = c.environment
  JOIN dim m ON m.id = s.model JOIN dim o ON o.id = s.operation LEFT JOIN dim x ON x.id = e.error;
