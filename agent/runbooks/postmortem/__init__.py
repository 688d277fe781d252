"""The postmortem that writes itself: what an incident was, what it cost, what was done and is left to do."""
