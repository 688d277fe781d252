"""How changes come in: calendars of releases, and what pipelines post. Audit logs come with their source."""
