"""The background agent: telemetry in, ledger in the middle, alerts and control out."""

__version__ = "0.1.0"
