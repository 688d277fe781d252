"""The Runbooks screen, and a run in full."""
