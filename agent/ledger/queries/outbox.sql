-- Messages to deliver, and what became of them.

-- name: put_outbox
-- The unique id: a message that is there stays as it is.
INSERT OR IGNORE INTO outbox (id, notice, channel, target, alert, dedup_key, state, created_at, next_at)
VALUES (:id, :notice, :channel, :target, :alert, :dedup_key, 'waiting', :at, :at);

-- name: outbox_waiting
-- outbox_due, the partial index of those that wait: few, unless a receiver has been out of reach for long. The
-- oldest of each destination, so that what piles up for one hides nothing that is for another.
SELECT id, channel, target, dedup_key, attempts, created_at, next_at
FROM (
  SELECT seq, id, channel, target, dedup_key, attempts, created_at, next_at,
         row_number() OVER (PARTITION BY channel, target ORDER BY seq) AS place
  FROM outbox INDEXED BY outbox_due WHERE state = 'waiting'
) WHERE place <= :most ORDER BY seq;

-- name: outbox_notices
-- The unique id, by enumerating some.
SELECT o.id, o.notice FROM json_each(:ids) i CROSS JOIN outbox o ON o.id = i.value;

-- name: outbox_receipt
-- outbox_alert: the messages of one alert.
SELECT receipt FROM outbox
WHERE alert = :alert AND channel = :channel AND target = :target AND dedup_key = :dedup_key AND receipt <> ''
ORDER BY seq DESC LIMIT 1;

-- name: outbox_told
-- outbox_alert: the messages of one alert.
SELECT DISTINCT channel, target FROM outbox
WHERE alert = :alert AND state IN ('sent', 'waiting') ORDER BY channel, target;

-- name: outbox_sent
-- The unique id.
UPDATE outbox SET state = 'sent', attempts = attempts + 1, sent_at = :at, receipt = :receipt, error = ''
WHERE id = :id;

-- name: outbox_again
-- The unique id.
UPDATE outbox SET attempts = attempts + 1, next_at = :next_at, error = :error WHERE id = :id;

-- name: outbox_given_up
-- The unique id.
UPDATE outbox SET state = :state, attempts = attempts + 1, error = :error WHERE id = :id;

-- name: outbox_purge
-- outbox_created. What waits is never forgotten.
DELETE FROM outbox WHERE created_at < :before AND state <> 'waiting';

-- name: outbox_channels
-- outbox_created and outbox_due: what became of the messages since a time, by channel.
SELECT channel,
       max(sent_at) AS last_ok,
       sum(state = 'waiting') AS waiting,
       min(CASE WHEN state = 'waiting' THEN created_at END) AS oldest,
       sum(state = 'failed') AS failed,
       sum(state = 'gone') AS gone,
       max(CASE WHEN error <> '' THEN created_at END) AS last_error_at
FROM outbox WHERE created_at >= :since GROUP BY channel;

-- name: outbox_last_error
-- outbox_created, from its right end.
SELECT error, state, attempts, next_at FROM outbox
WHERE created_at >= :since AND channel = :channel AND error <> '' ORDER BY created_at DESC, attempts DESC LIMIT 1;

-- name: outbox_of_alert
-- outbox_alert: who was told of an alert, newest last.
SELECT channel, target, state, attempts, created_at, next_at, sent_at, receipt, error,
       json_extract(notice, '$.kind') AS kind
FROM outbox WHERE alert = :alert ORDER BY seq;

-- name: outbox_undelivered
-- outbox_created and outbox_due: what was given up since a time, and what has waited since before :late however
-- old it is; the newest first.
SELECT seq, channel, target, state, created_at, alert, error FROM outbox INDEXED BY outbox_created
WHERE created_at >= :since AND state IN ('failed', 'gone')
UNION ALL
SELECT seq, channel, target, state, created_at, alert, error FROM outbox INDEXED BY outbox_due
WHERE state = 'waiting' AND created_at <= :late
ORDER BY seq DESC LIMIT :most;
