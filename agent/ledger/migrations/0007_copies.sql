-- What the agent has written of an open action, beside its rows: by this it is put back and undone in time.

CREATE TABLE action_copy (action INTEGER PRIMARY KEY, text TEXT NOT NULL);
