"""The stretch of time that a question looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.reports.moment import HOUR, MINUTE, moment
from agent.runbooks.actions import SINCE_ALERT
from agent.runbooks.asked.given import seconds

if TYPE_CHECKING:
    from agent.runbooks.asking import Context, Given

_SHORTEST_S, _LONGEST_S = 5 * MINUTE, HOUR


def window(context: Context, given: Given, default: str) -> int:
    """The seconds of `window`; with `alert` those since just before the run's alert began, else the default.

    Before an alert all was as usual, which would hide what it is about.
    """
    if given.get("window", "").strip() != SINCE_ALERT:
        return seconds(given, "window", default)
    run, reader = context.run, context.reader
    with reader.snapshot():
        found = reader.alert_store().alert(run.alert) if run is not None and run.alert is not None else None
        end = moment(reader, context.now).at
    if found is None:
        return seconds({}, "window", default)
    began = (found.started_at - MINUTE) // MINUTE * MINUTE
    return min(max(end - began, _SHORTEST_S), _LONGEST_S)
