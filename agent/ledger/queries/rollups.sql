-- Rollups: differences are added to the marginals of each level.

-- name: add_to_roll_minute
-- Primary key (kind, bucket, id).
INSERT INTO roll_minute VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (kind, bucket, id) DO UPDATE SET
  requests = requests + excluded.requests, errors = errors + excluded.errors,
  tokens_input = tokens_input + excluded.tokens_input, tokens_cached = tokens_cached + excluded.tokens_cached,
  tokens_output = tokens_output + excluded.tokens_output, quantity_micro = quantity_micro + excluded.quantity_micro,
  credits_nano = credits_nano + excluded.credits_nano, unpriced = unpriced + excluded.unpriced,
  completions = completions + excluded.completions,
  completion_credits_nano = completion_credits_nano + excluded.completion_credits_nano,
  latency_ms = latency_ms + excluded.latency_ms, latency_count = latency_count + excluded.latency_count;

-- name: sweep_roll_minute
-- Primary key. A row that differences brought back to nothing goes.
DELETE FROM roll_minute WHERE kind = ? AND bucket = ? AND id = ?
  AND requests = 0 AND errors = 0 AND tokens_input = 0 AND tokens_cached = 0 AND tokens_output = 0
  AND quantity_micro = 0 AND credits_nano = 0 AND unpriced = 0 AND completions = 0
  AND completion_credits_nano = 0 AND latency_ms = 0 AND latency_count = 0;

-- name: add_to_roll_hour
-- Primary key (kind, bucket, id).
INSERT INTO roll_hour VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (kind, bucket, id) DO UPDATE SET
  requests = requests + excluded.requests, errors = errors + excluded.errors,
  tokens_input = tokens_input + excluded.tokens_input, tokens_cached = tokens_cached + excluded.tokens_cached,
  tokens_output = tokens_output + excluded.tokens_output, quantity_micro = quantity_micro + excluded.quantity_micro,
  credits_nano = credits_nano + excluded.credits_nano, unpriced = unpriced + excluded.unpriced,
  completions = completions + excluded.completions,
  completion_credits_nano = completion_credits_nano + excluded.completion_credits_nano,
  latency_ms = latency_ms + excluded.latency_ms, latency_count = latency_count + excluded.latency_count;

-- name: sweep_roll_hour
-- Primary key. A row that differences brought back to nothing goes.
DELETE FROM roll_hour WHERE kind = ? AND bucket = ? AND id = ?
  AND requests = 0 AND errors = 0 AND tokens_input = 0 AND tokens_cached = 0 AND tokens_output = 0
  AND quantity_micro = 0 AND credits_nano = 0 AND unpriced = 0 AND completions = 0
  AND completion_credits_nano = 0 AND latency_ms = 0 AND latency_count = 0;

-- name: add_to_roll_day
-- Primary key (kind, bucket, id).
INSERT INTO roll_day VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (kind, bucket, id) DO UPDATE SET
  requests = requests + excluded.requests, errors = errors + excluded.errors,
  tokens_input = tokens_input + excluded.tokens_input, tokens_cached = tokens_cached + excluded.tokens_cached,
  tokens_output = tokens_output + excluded.tokens_output, quantity_micro = quantity_micro + excluded.quantity_micro,
  credits_nano = credits_nano + excluded.credits_nano, unpriced = unpriced + excluded.unpriced,
  completions = completions + excluded.completions,
  completion_credits_nano = completion_credits_nano + excluded.completion_credits_nano,
  latency_ms = latency_ms + excluded.latency_ms, latency_count = latency_count + excluded.latency_count;

-- name: sweep_roll_day
-- Primary key. A row that differences brought back to nothing goes.
DELETE FROM roll_day WHERE kind = ? AND bucket = ? AND id = ?
  AND requests = 0 AND errors = 0 AND tokens_input = 0 AND tokens_cached = 0 AND tokens_output = 0
  AND quantity_micro = 0 AND credits_nano = 0 AND unpriced = 0 AND completions = 0
  AND completion_credits_nano = 0 AND latency_ms = 0 AND latency_count = 0;

-- name: add_to_layer_hour
-- Primary key (account, layer, bucket).
INSERT INTO layer_hour VALUES (?, ?, ?, ?, ?)
ON CONFLICT (account, layer, bucket) DO UPDATE SET
  requests = requests + excluded.requests, credits_nano = credits_nano + excluded.credits_nano;

-- name: sweep_layer_hour
-- Primary key.
DELETE FROM layer_hour WHERE account = ? AND layer = ? AND bucket = ? AND requests = 0 AND credits_nano = 0;

-- name: note_first_seen
-- Primary key (kind, id).
INSERT INTO first_seen VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET at = min(at, excluded.at);
