-- Events: one row a request.

-- name: newest_event
-- Primary key.
SELECT coalesce(max(id), 0) FROM event;

-- name: add_event
INSERT INTO event (id, at, request_id, context, service, tokens_input, tokens_cached, tokens_output, quantity_micro,
  credits_nano, latency_ms, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: events_by_id
-- Primary key, one look-up an id of the JSON list.
SELECT id, request_id, at, context, latency_ms, error, service, tokens_input, tokens_cached, tokens_output,
       quantity_micro, credits_nano
FROM event WHERE id IN (SELECT value FROM json_each(?));

-- name: correct_event
-- Primary key.
UPDATE event SET service = ?, tokens_input = ?, tokens_cached = ?, tokens_output = ?, quantity_micro = ?, credits_nano = ?
WHERE id = ?;
