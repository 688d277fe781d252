"""The Incident screen: what belongs together, what was done about it and by whom, and what it costs."""
