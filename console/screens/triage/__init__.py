"""The Triage screen: whose rise it is, and why."""
