-- Runs of runbooks.

-- name: start_run
INSERT INTO run (runbook, title, text, source, parameters, alert, incident, drill, started_by, started_at, holder,
                 at_step, state, ended_at, ended_by, outcome, revision)
VALUES (:runbook, :title, :text, :source, :parameters, :alert, :incident, :drill, :started_by, :started_at, :holder,
        :at_step, :state, :ended_at, :ended_by, :outcome, :revision);

-- name: update_run
-- Primary key; what is written on top of another revision changes nothing.
UPDATE run SET parameters = :parameters, incident = :incident, holder = :holder, at_step = :at_step, state = :state,
               ended_at = :ended_at, ended_by = :ended_by, outcome = :outcome, revision = :revision
WHERE id = :id AND revision = :revision - 1;

-- name: put_run_step
-- Primary key.
INSERT OR REPLACE INTO run_step (run, seq, state, attempt, began_at, ended_at, actor, outcome, answer, reason, action, due_at)
VALUES (:run, :seq, :state, :attempt, :began_at, :ended_at, :actor, :outcome, :answer, :reason, :action, :due_at);

-- name: run_by_id
-- Primary key.
SELECT id, runbook, title, text, source, parameters, alert, incident, drill, started_by, started_at, holder, at_step, state, ended_at,
       ended_by, outcome, revision
FROM run WHERE id = :id;

-- name: run_steps
-- Primary key: some twenty rows.
SELECT seq, state, attempt, began_at, ended_at, actor, outcome, answer, reason, action, due_at
FROM run_step WHERE run = :run ORDER BY seq;

-- name: runs_open
-- run_open, the partial index.
SELECT id FROM run WHERE state = 'open' ORDER BY id;

-- name: runs_at_work
-- run_open, then the primary key of its step: what the agent has to look at, what was never looked at first.
SELECT r.id, r.revision FROM run r JOIN run_step s ON s.run = r.id
WHERE r.state = 'open' AND (s.state = 'working' AND s.seq = r.at_step OR s.state = 'done' AND s.action IS NOT NULL)
GROUP BY r.id ORDER BY r.id;

-- name: runs_listed
-- run_open and run_started.
SELECT id, runbook, title, alert, incident, drill, started_by, started_at, holder, at_step, state, ended_at, ended_by,
       outcome, (SELECT count(*) FROM run_step s WHERE s.run = run.id) AS steps,
       (SELECT count(*) FROM run_step s WHERE s.run = run.id AND s.state IN ('done', 'skipped', 'undone', 'passed')) AS over,
       (SELECT s.state FROM run_step s WHERE s.run = run.id AND s.seq = run.at_step) AS step_state
FROM run WHERE state = 'open' OR started_at >= :since ORDER BY state = 'open' DESC, started_at DESC, id DESC;

-- name: run_actions
-- Primary key.
SELECT action, step FROM run_action WHERE run = :run ORDER BY action;

-- name: run_evidence_kept
-- audit_subject: what the agent wrote into the audit log when it kept evidence.
SELECT CAST(detail AS BLOB) AS detail FROM audit INDEXED BY audit_subject
WHERE subject = :subject AND kind = 'run.step' ORDER BY seq;

-- name: add_run_action
-- Primary key.
INSERT OR IGNORE INTO run_action (run, step, attempt, action) VALUES (:run, :step, :attempt, :action);

-- name: newest_action
-- The right end of the primary key.
SELECT max(id) FROM action;

-- name: runs_of_incident
-- run_incident.
SELECT id FROM run WHERE incident = :incident ORDER BY id;

-- name: runs_of_alert
-- run_alert.
SELECT id FROM run WHERE alert = :alert AND (state = 'open' OR :ended) ORDER BY id;

-- name: add_run_event
INSERT INTO run_event (run, step, at, kind, actor, text) VALUES (:run, :step, :at, :kind, :actor, :text);

-- name: run_events
-- run_event_of.
SELECT at, kind, actor, text, step FROM run_event WHERE run = :run ORDER BY id;

-- name: add_run_evidence
INSERT INTO run_evidence (run, step, attempt, at, actor, text, sha256)
VALUES (:run, :step, :attempt, :at, :actor, :text, :sha256);

-- name: run_evidence_of
-- run_evidence_of.
SELECT id, step, attempt, at, actor, text, sha256 FROM run_evidence WHERE run = :run ORDER BY id;

-- name: put_run_sign_off
-- Primary key: whoever has spoken in a try has spoken.
INSERT INTO run_sign_off (run, step, attempt, person, role, approved, at, note)
VALUES (:run, :step, :attempt, :person, :role, :approved, :at, :note);

-- name: run_sign_offs
-- Primary key.
SELECT step, attempt, person, role, approved, at, note FROM run_sign_off WHERE run = :run ORDER BY at, person;

-- name: run_ids
-- Primary key: of all runs, for a proof of them.
SELECT id FROM run ORDER BY id;

-- name: run_seals_begun
-- audit_subject, up to the first one.
SELECT 1 FROM audit INDEXED BY audit_subject
WHERE subject >= 'run:' AND subject < 'run;' AND kind = 'run.kept' LIMIT 1;
