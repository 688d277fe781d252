-- Actions as people read them.

-- name: approvals_of_actions
-- approval_action, one range an action.
SELECT p.id, p.action, p.digest, p.person, p.role, p.verdict, p.at, p.note, p.void
FROM json_each(:actions) a CROSS JOIN approval p ON p.action = a.value ORDER BY p.action, p.id;

-- name: audit_of_subject
-- audit_at, over the life of the subject. Texts come as bytes: anybody may have written them.
SELECT at, CAST(actor AS BLOB) AS actor, CAST(kind AS BLOB) AS kind, CAST(detail AS BLOB) AS detail
FROM audit WHERE at >= :since AND at <= :until AND subject = :subject AND kind NOT IN ('action.kept', 'allocation.kept')
ORDER BY seq LIMIT :most;
