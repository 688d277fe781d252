"""The Alerts screen: what fires, who has taken it, what is muted, and what to do about it."""
