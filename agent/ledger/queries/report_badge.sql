-- What every screen tells of acting.

-- name: actions_badge
-- action_open, the partial index: what is not over; of what waits, who has approved it (approval_action); whether a
-- gateway has taken some of it, by the first steps that hold (primary key).
SELECT a.id, a.kind, a.state, a.requested_by, a.needs, a.approve_by, json_extract(a.spec, '$.drill') AS drill,
       (SELECT json_group_array(json_array(p.person, p.role)) FROM approval p
        WHERE p.action = a.id AND p.void = '' AND p.verdict = 'approved') AS given,
       EXISTS (SELECT 1 FROM action_step s
               WHERE s.action = a.id AND s.state IN ('applying', 'applied', 'undoing')) AS written
FROM action a WHERE a.state NOT IN ('failed', 'reversed', 'expired', 'declined') ORDER BY a.id;
