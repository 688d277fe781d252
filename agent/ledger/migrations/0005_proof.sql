-- What the agent has written of one subject is found at once, to be held against the row itself.

CREATE INDEX audit_subject ON audit (subject, kind);
