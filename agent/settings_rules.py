"""The `[alerts.rules]` part of burndeck.toml: leading signals, each with its floors."""

from __future__ import annotations

from agent.settings_section import Section


class Rules(Section, frozen=True):
    """Leading signals beside budgets and spikes."""
