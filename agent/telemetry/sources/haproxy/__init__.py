"""HAProxy's access log as a source of usage events."""
