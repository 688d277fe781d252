"""How much of the past is known: a history that is still being read makes everything look new."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.alerts.context import RuleContext

DAY_S = 86_400
_HISTORY_S = 30 * DAY_S  # of a source that burndeck.toml does not name


def being_read(context: RuleContext) -> bool:
    """Whether more than a day of some source's history waits to be read."""
    now = int(context.now)
    wanted = {source.name: int(source.history) for source in context.settings.sources}
    for source in context.rules.sources():
        history = wanted.get(source.source, _HISTORY_S)
        known = context.rules.metered_seconds(source.account, now - history, now)
        if history - known > DAY_S:
            return True
    return False
