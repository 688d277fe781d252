-- A request that is changed and changed back is a new text; whoever has approved may still change their mind.

ALTER TABLE action ADD COLUMN revision INTEGER NOT NULL DEFAULT 0; -- how often the request was changed
DROP INDEX approval_once;
CREATE UNIQUE INDEX approval_once ON approval (action, digest, person, verdict);
