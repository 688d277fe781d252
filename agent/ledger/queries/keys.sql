-- Keys with all that anybody says of them. Some thousand rows at most, read when somebody audits.

-- name: key_places
-- Contexts whole, their names by primary key; the newest last. Columns in the order of KeyPlace, after the key.
SELECT k.value, a.value, p.value, n.value, t.value, d.value, g.value, c.value, o.value, w.value
FROM context x JOIN dim k ON k.id = x.api_key JOIN dim a ON a.id = x.account JOIN dim p ON p.id = x.project
JOIN dim n ON n.id = x.environment JOIN dim t ON t.id = x.team JOIN dim d ON d.id = x.department
JOIN dim g ON g.id = x.billing_group JOIN dim c ON c.id = x.cost_center JOIN dim o ON o.id = x.owner
JOIN dim w ON w.id = x.pattern
ORDER BY x.id;

-- name: keys_in_directory
-- The whole directory; where several accounts list one key, what is there now comes last.
SELECT id, account, project, name, owner_type, owner_id, owner_name, created_at, last_used_at, removed_at
FROM directory_key ORDER BY removed_at IS NULL, seen_at;

-- name: projects_in_directory
-- The whole directory; where several accounts list one project, what is there now comes last.
SELECT id, name FROM directory_project WHERE name <> '' ORDER BY removed_at IS NULL, seen_at;

-- name: keys_at_gateways
-- All that gateways serve.
SELECT gateway, api_key, name, team, project, environment, labels, created_at, blocked FROM gateway_key
WHERE api_key <> '' ORDER BY gateway, id;

-- name: service_accounts
-- The whole directory of people.
SELECT id, account, project, name FROM directory_person
WHERE kind = 'service_account' AND removed_at IS NULL ORDER BY project, name, id;

-- name: key_blocks_over
-- action_requested, from the oldest that could have been renewed until now; those that somebody ended lately.
SELECT DISTINCT scope FROM action
WHERE requested_at >= :requested_since AND kind = 'block' AND scope_kind = 'api_key'
  AND state IN ('declined', 'failed', 'reversed') AND ended_at >= :ended_since;

-- name: findings_of_kind
-- Unique index (kind, subject, detail), one range.
SELECT count(*) AS count, max(at) AS newest FROM finding WHERE kind = :kind AND at >= :start AND at < :end;

-- name: finding_known
-- Unique index (kind, subject, detail), one look-up a finding of the JSON list of (kind, subject, detail).
SELECT f.key FROM json_each(:findings) f
WHERE EXISTS (SELECT 1 FROM finding k WHERE k.kind = json_extract(f.value, '$[0]')
  AND k.subject = json_extract(f.value, '$[1]') AND k.detail = json_extract(f.value, '$[2]'));
