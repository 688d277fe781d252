-- Actions with their steps and approvals.

-- name: action_by_id
-- Primary key.
SELECT * FROM action WHERE id = :id;

-- name: action_is_there
-- Primary key.
SELECT 1 FROM action WHERE id = :id;

-- name: actions_open
-- action_open, the partial index: what is not over.
SELECT * FROM action WHERE state NOT IN ('failed', 'reversed', 'expired', 'declined') ORDER BY id;

-- name: actions_since
-- Primary key from the right end, as many as are wanted.
SELECT * FROM action WHERE requested_at >= :since ORDER BY id DESC LIMIT :most;

-- name: actions_at_work
-- action_requested: a month or two of a table that grows by some rows a day.
SELECT * FROM action WHERE requested_at >= :asked AND begun_at <= :until
  AND (begun_at >= :since OR ended_at IS NULL OR ended_at >= :since) ORDER BY id;

-- name: actions_of_incident
-- action_incident.
SELECT * FROM action WHERE incident = :incident ORDER BY id;

-- name: action_answers
-- action_requested, one range: what the agent began or proposed lately, without steps.
SELECT id, kind, state, scope_kind, scope, CASE WHEN json_valid(spec) THEN json_extract(spec, '$.non_prod') END AS non_prod,
  CASE WHEN json_valid(spec) THEN json_extract(spec, '$.amount_nano') END AS amount_nano, alert, requested_at, ended_at, ended_by,
  approve_by, why, CASE WHEN json_valid(spec) THEN json_extract(spec, '$.gateway') END AS gateway
FROM action WHERE requested_at >= :since AND requested_by = 'agent' ORDER BY id;

-- name: actions_holding
-- action_open for what goes on; action_requested for what has ended, and nothing lasts beyond 31 days unrenewed.
-- A drill holds nothing.
SELECT id, scope_kind, scope, begun_at, 1 << 40 AS until FROM action
WHERE state NOT IN ('failed', 'reversed', 'expired', 'declined') AND begun_at IS NOT NULL AND kind IN ('throttle', 'block', 'models')
  AND CASE WHEN json_valid(spec) THEN NOT json_extract(spec, '$.drill') END
UNION ALL
SELECT id, scope_kind, scope, begun_at, ended_at FROM action
WHERE requested_at >= :since - 2678400 AND state IN ('failed', 'reversed', 'expired') AND ended_at > :since AND begun_at IS NOT NULL
  AND kind IN ('throttle', 'block', 'models') AND CASE WHEN json_valid(spec) THEN NOT json_extract(spec, '$.drill') END;

-- name: steps_of_actions
-- Primary key, one range an action.
SELECT s.* FROM json_each(:actions) a CROSS JOIN action_step s ON s.action = a.value ORDER BY s.action, s.seq;

-- name: step_now
-- Primary keys, one row each.
SELECT a.state AS action_state, s.* FROM action a CROSS JOIN action_step s ON s.action = a.id WHERE a.id = :action AND s.seq = :seq;

-- name: steps_holding
-- action_step_target: the changes of other actions that hold at one target by their rows, oldest first.
SELECT s.* FROM action_step s
WHERE s.gateway = :gateway AND s.target_kind = :kind AND s.target = :target AND s.state IN ('applying', 'applied', 'undoing')
  AND s.action <> :beside ORDER BY s.action, s.seq;

-- name: add_action
INSERT INTO action (kind, state, scope_kind, scope, spec, preview, reason, needs, requested_by, requested_at, approve_by, begun_at,
  accepted_at, confirmed_at, expires_at, ended_at, ended_by, why, effect, incident, alert, revision)
VALUES (:kind, :state, :scope_kind, :scope, :spec, :preview, :reason, :needs, :requested_by, :requested_at, :approve_by, :begun_at,
  :accepted_at, :confirmed_at, :expires_at, :ended_at, :ended_by, :why, :effect, :incident, :alert, :revision);

-- name: put_action
-- Primary key: a row that somebody has spoilt or deleted is as it was.
INSERT OR REPLACE INTO action (id, kind, state, scope_kind, scope, spec, preview, reason, needs, requested_by, requested_at, approve_by, begun_at,
  accepted_at, confirmed_at, expires_at, ended_at, ended_by, why, effect, incident, alert, revision)
VALUES (:id, :kind, :state, :scope_kind, :scope, :spec, :preview, :reason, :needs, :requested_by, :requested_at, :approve_by, :begun_at,
  :accepted_at, :confirmed_at, :expires_at, :ended_at, :ended_by, :why, :effect, :incident, :alert, :revision);

-- name: update_action
-- Primary key.
UPDATE action SET state = :state, spec = :spec, preview = :preview, reason = :reason, needs = :needs, approve_by = :approve_by,
  begun_at = :begun_at, accepted_at = :accepted_at, confirmed_at = :confirmed_at, expires_at = :expires_at, ended_at = :ended_at,
  ended_by = :ended_by, why = :why, effect = :effect, incident = :incident, alert = :alert, revision = :revision
WHERE id = :id;

-- name: disown_action
-- Primary key.
UPDATE action SET state = 'failed', why = :why, ended_at = :at, ended_by = 'agent' WHERE id = :id;

-- name: drop_steps
-- Primary key, one range.
DELETE FROM action_step WHERE action = :action;

-- name: drop_approvals
-- approval_action.
DELETE FROM approval WHERE action = :action;

-- name: put_step
INSERT OR REPLACE INTO action_step (action, seq, gateway, target_kind, target, want, before, version, state, detail, at)
VALUES (:action, :seq, :gateway, :target_kind, :target, :want, :before, :version, :state, :detail, :at);

-- name: approvals_of
-- approval_action.
SELECT action, digest, person, role, verdict, at, note, void FROM approval WHERE action = :action ORDER BY id;

-- name: numbered_approvals
-- approval_action.
SELECT id, action, digest, person, role, verdict, at, note, void FROM approval WHERE action = :action ORDER BY id;

-- name: add_approval
INSERT INTO approval (action, digest, person, role, verdict, at, note, void) VALUES (:action, :digest, :person, :role, :verdict, :at, :note, :void);

-- name: count_approval_for
-- approval_once.
UPDATE approval SET role = :role WHERE action = :action AND digest = :digest AND person = :person AND verdict = 'approved';

-- name: void_approvals
-- approval_action.
UPDATE approval SET void = :why WHERE action = :action AND void = '';

-- name: allocation_changes_in_force
-- A few rows a month. In the past those count that were undone since. Their order is that of their places in the
-- audit log, which nobody changes unseen.
SELECT c.id, c.action, c.allocation, c.change, c.starts_at, c.ends_at, c.undone_at,
       coalesce((SELECT min(a.seq) FROM audit a INDEXED BY audit_subject
                 WHERE a.subject = 'action:' || c.action AND a.kind = 'allocation.kept'), 0) AS place
FROM allocation_change c
WHERE c.starts_at <= :now AND (c.ends_at IS NULL OR c.ends_at > :now) AND (c.undone_at IS NULL OR c.undone_at > :now)
ORDER BY c.id;

-- name: allocation_changes_missed
-- action_open: actions in force whose change of an allocation has no row that is.
SELECT a.id AS action,
       coalesce((SELECT min(n.seq) FROM audit n INDEXED BY audit_subject
                 WHERE n.subject = 'action:' || a.id AND n.kind = 'allocation.kept'), 0) AS place
FROM action a INDEXED BY action_open
WHERE a.state NOT IN ('failed', 'reversed', 'expired', 'declined') AND a.kind IN ('top_up', 'allocate') AND a.begun_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM allocation_change c WHERE c.action = a.id AND c.starts_at <= :now
                  AND (c.ends_at IS NULL OR c.ends_at > :now) AND (c.undone_at IS NULL OR c.undone_at > :now));

-- name: allocation_change_of
-- The unique index on action.
SELECT id, action, allocation, change, starts_at, ends_at, undone_at FROM allocation_change WHERE action = :action;

-- name: add_allocation_change
-- The unique index on action; what stood there before was not the agent's.
INSERT OR REPLACE INTO allocation_change (action, allocation, change, starts_at, ends_at)
VALUES (:action, :allocation, :change, :starts_at, :ends_at);

-- name: undo_allocation_change
-- The unique index on action.
UPDATE allocation_change SET undone_at = :at WHERE action = :action AND undone_at IS NULL;

-- name: gateways_seen
-- A handful of rows.
SELECT gateway, kind, state, message, hint, checked_at, ok_at FROM gateway_status ORDER BY gateway;

-- name: put_gateway_status
INSERT INTO gateway_status (gateway, kind, state, message, hint, checked_at, ok_at)
VALUES (:gateway, :kind, :state, :message, :hint, :checked_at, :ok_at)
ON CONFLICT (gateway) DO UPDATE SET kind = excluded.kind, state = excluded.state, message = excluded.message, hint = excluded.hint,
  checked_at = excluded.checked_at, ok_at = coalesce(excluded.ok_at, ok_at);

-- name: keep_gateways
-- A handful of rows.
DELETE FROM gateway_status WHERE gateway NOT IN (SELECT value FROM json_each(:names));

-- name: keep_gateway_keys
DELETE FROM gateway_key WHERE gateway NOT IN (SELECT value FROM json_each(:names));

-- name: keep_gateway_targets
DELETE FROM gateway_target WHERE gateway NOT IN (SELECT value FROM json_each(:names));

-- name: gateway_keys
-- All that gateways serve: some thousand rows, read when somebody plans.
SELECT gateway, id, api_key, name, team, project, environment, labels, created_at, blocked FROM gateway_key ORDER BY gateway, id;

-- name: keys_of_gateway
-- Primary key, one range.
SELECT gateway, id, api_key, name, team, project, environment, labels, created_at, blocked FROM gateway_key WHERE gateway = :gateway;

-- name: drop_gateway_key
-- Primary key.
DELETE FROM gateway_key WHERE gateway = :gateway AND id = :id;

-- name: put_gateway_key
INSERT OR REPLACE INTO gateway_key (gateway, id, api_key, name, team, project, environment, labels, created_at, blocked, seen_at)
VALUES (:gateway, :id, :api_key, :name, :team, :project, :environment, :labels, :created_at, :blocked, :seen_at);

-- name: gateway_targets
-- All that gateways hold, read when somebody plans. A row is written when it changes: it was seen when its gateway was
-- last read. A webhook is never read.
SELECT t.gateway, t.target_kind, t.target, t.fields, t.version, max(t.seen_at, coalesce(s.ok_at, 0)) AS seen_at
FROM gateway_target t LEFT JOIN gateway_status s ON s.gateway = t.gateway AND s.kind <> 'webhook'
ORDER BY t.gateway, t.target_kind, t.target;

-- name: targets_of_gateway
-- Primary key, one range.
SELECT target_kind, target, fields, version FROM gateway_target WHERE gateway = :gateway;

-- name: drop_gateway_target
-- Primary key.
DELETE FROM gateway_target WHERE gateway = :gateway AND target_kind = :kind AND target = :target;

-- name: put_gateway_target
INSERT OR REPLACE INTO gateway_target (gateway, target_kind, target, fields, version, seen_at)
VALUES (:gateway, :target_kind, :target, :fields, :version, :seen_at);

-- name: incident_duties
-- Primary key, one range an incident.
SELECT d.* FROM json_each(:incidents) i CROSS JOIN incident_duty d ON d.incident = i.value;

-- name: put_incident_duty
INSERT OR REPLACE INTO incident_duty (incident, kind, due_at, answer, person, at) VALUES (:incident, :kind, :due_at, :answer, :person, :at);

-- name: put_copy
INSERT OR REPLACE INTO action_copy (action, text) VALUES (:action, :text);

-- name: drop_copy
-- Primary key.
DELETE FROM action_copy WHERE action = :action;

-- name: copies
-- One row for each open action.
SELECT action FROM action_copy ORDER BY action;

-- name: copy_of
-- Primary key.
SELECT CAST(text AS BLOB) AS text FROM action_copy WHERE action = :action;
