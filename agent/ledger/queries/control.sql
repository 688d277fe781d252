-- Intents and the audit log. Texts that anybody may have written come as bytes: text that is no UTF-8 would end
-- the reading.

-- name: ledger_name
-- One row.
SELECT id FROM ledger_name;

-- name: intent_place
-- One row each: where the next intent goes.
SELECT n.id, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'intent'), 0) + 1 FROM ledger_name n;

-- name: add_intent
INSERT INTO intent (id, body, signature) VALUES (?, ?, ?);

-- name: intents_new
-- intent_new, the partial index of those that wait.
SELECT id FROM intent INDEXED BY intent_new WHERE state = 'new' ORDER BY id LIMIT ?;

-- name: intent_new_row
-- Primary key. The substr of nothing is NULL.
SELECT coalesce(substr(CAST(body AS BLOB), 1, :most), x''), coalesce(substr(CAST(signature AS BLOB), 1, :most), x'')
FROM intent WHERE id = :id AND state = 'new';

-- name: intents_waiting
-- intent_new, a page. The substr of nothing is NULL.
SELECT id, coalesce(substr(CAST(body AS BLOB), 1, :most), x'') AS body,
       coalesce(substr(CAST(signature AS BLOB), 1, :most), x'') AS signature
FROM intent INDEXED BY intent_new WHERE state = 'new' ORDER BY id LIMIT :count;

-- name: intents_behind
-- intent_new: those behind a row; the text of those alone that seem to be of :kind, a piece of what is signed.
SELECT id, CASE WHEN length(CAST(body AS BLOB)) <= :most AND instr(CAST(body AS BLOB), :kind) > 0
                THEN CAST(body AS BLOB) END
FROM intent INDEXED BY intent_new WHERE state = 'new' AND id > :id ORDER BY id;

-- name: intents_newest
-- The right end of the primary key, a page.
SELECT coalesce(substr(CAST(body AS BLOB), 1, :most), x'') AS body FROM intent ORDER BY id DESC LIMIT :count;

-- name: intent_row
-- Primary key.
SELECT coalesce(substr(CAST(body AS BLOB), 1, :most), x'') AS body,
       coalesce(substr(CAST(signature AS BLOB), 1, :most), x'') AS signature,
       CAST(state AS TEXT) AS state, CAST(reason AS BLOB) AS reason, handled_at
FROM intent WHERE id = :id;

-- name: settle_intent
-- Primary key.
UPDATE intent SET state = :state, reason = :reason, handled_at = :at WHERE id = :id;

-- name: intent_outcome
-- Primary key.
SELECT id, state, reason, handled_at FROM intent WHERE id = ?;

-- name: saw_intent
-- Primary key: a nonce that is there stays as it is.
INSERT OR IGNORE INTO intent_seen (nonce, intent) VALUES (?, ?);

-- name: newest_seen_intent
-- The right end of intent_seen_place.
SELECT max(intent) FROM intent_seen;

-- name: audit_head
-- One row, and the right end of the primary key.
SELECT (SELECT CAST(seq AS INTEGER) FROM audit_head), (SELECT CAST(hash AS BLOB) FROM audit_head),
       (SELECT max(seq) FROM audit);

-- name: add_audit
INSERT INTO audit (seq, at, actor, kind, subject, detail, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: put_audit_head
-- Primary key; the table has one row.
INSERT OR REPLACE INTO audit_head (one, seq, hash) VALUES (1, ?, ?);

-- name: newest_seal
-- audit_subject, one row; beside it what the next row says was before it, and the head.
SELECT a.seq, a.at, CAST(a.actor AS BLOB), CAST(a.kind AS BLOB), CAST(a.subject AS BLOB), CAST(a.detail AS BLOB),
       CAST(a.prev_hash AS BLOB), CAST(a.hash AS BLOB),
       (SELECT CAST(n.prev_hash AS BLOB) FROM audit n WHERE n.seq > a.seq ORDER BY n.seq LIMIT 1),
       (SELECT CAST(hash AS BLOB) FROM audit_head)
FROM audit a INDEXED BY audit_subject WHERE a.subject = :subject AND a.kind = :kind ORDER BY a.seq DESC LIMIT 1;

-- name: audit_after
-- Primary key, a page at a time.
SELECT seq, at, CAST(actor AS BLOB) AS actor, CAST(kind AS BLOB) AS kind, CAST(subject AS BLOB) AS subject,
       CAST(detail AS BLOB) AS detail, CAST(prev_hash AS BLOB) AS prev_hash, CAST(hash AS BLOB) AS hash
FROM audit WHERE seq > :after AND seq <= :upto ORDER BY seq LIMIT :most;

-- name: audit_seals_since
-- audit_at: what audit_since leaves out.
SELECT count(*) AS seals FROM audit WHERE at >= :since AND kind IN ('action.kept', 'allocation.kept', 'clock.kept', 'run.kept');

-- name: audit_since
-- audit_at. Proofs of rows tell people nothing.
SELECT seq, at, CAST(actor AS BLOB) AS actor, CAST(kind AS BLOB) AS kind, CAST(subject AS BLOB) AS subject,
       CAST(detail AS BLOB) AS detail, CAST(prev_hash AS BLOB) AS prev_hash, CAST(hash AS BLOB) AS hash
FROM audit WHERE at >= :since AND kind NOT IN ('action.kept', 'allocation.kept', 'clock.kept', 'run.kept') ORDER BY at DESC, seq DESC LIMIT :most;

-- name: sealed_subjects
-- audit_subject, a page: what was noted of a kind, also of rows that are gone.
SELECT DISTINCT CAST(subject AS TEXT) AS subject, CAST(subject AS TEXT) AS after FROM audit INDEXED BY audit_subject
WHERE subject > :after AND subject < :end AND kind = :kind ORDER BY subject LIMIT :most;

-- name: seals_between
-- Primary key, one range: what was noted anew.
SELECT DISTINCT CAST(kind AS TEXT) AS kind, CAST(subject AS TEXT) AS subject FROM audit
WHERE seq > :after AND seq <= :upto AND kind IN ('action.kept', 'allocation.kept', 'run.kept');

-- name: unsealed_of_action
-- Primary key, a row of the index audit_subject each: actions of which nothing was ever noted.
SELECT 'action:' || t.id AS subject, t.id AS after FROM action t WHERE t.id > :after
  AND NOT EXISTS (SELECT 1 FROM audit a INDEXED BY audit_subject WHERE a.subject = 'action:' || t.id AND a.kind = :kind)
ORDER BY t.id LIMIT :most;

-- name: unsealed_of_allocation_change
-- The same of changes of allocations.
SELECT 'action:' || t.action AS subject, t.id AS after FROM allocation_change t WHERE t.id > :after
  AND NOT EXISTS (SELECT 1 FROM audit a INDEXED BY audit_subject WHERE a.subject = 'action:' || t.action AND a.kind = :kind)
ORDER BY t.id LIMIT :most;

-- name: unsealed_of_run
-- The same of runs.
SELECT 'run:' || t.id AS subject, t.id AS after FROM run t WHERE t.id > :after
  AND NOT EXISTS (SELECT 1 FROM audit a INDEXED BY audit_subject WHERE a.subject = 'run:' || t.id AND a.kind = :kind)
ORDER BY t.id LIMIT :most;
