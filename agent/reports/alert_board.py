"""All alerts as they stand at an instant: what waits, what somebody took, what is muted, what is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.reports.alert_list import AlertEntry
from agent.reports.alert_report import SilenceEntry
from agent.reports.alerts import alerts
from agent.reports.layers import truth
from agent.reports.moment import DAY, NOTHING, moment
from agent.reports.silences import silences
from agent.reports.status import Status
from agent.reports.status_line import read_status

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

RECENT_S = 30 * DAY
"""How far the history goes back."""


@dataclass(frozen=True, slots=True)
class AlertBoard:
    """Everything on the Alerts screen at one instant; each alert is in one of the four, the worst first."""

    at: int  # end of the newest complete minute shown
    now: int
    live: bool  # False: an instant that is over
    empty: str  # why there is nothing to show; '' when there is data
    active: tuple[AlertEntry, ...]  # firing, then pending
    acknowledged: tuple[AlertEntry, ...]
    muted: tuple[AlertEntry, ...]  # by a silence or by a graver alert
    history: tuple[AlertEntry, ...]  # resolved, the newest first
    silences: tuple[SilenceEntry, ...]
    status: Status

    @property
    def entries(self) -> tuple[AlertEntry, ...]:
        """Every alert."""
        return (*self.active, *self.acknowledged, *self.muted, *self.history)

    def entry(self, ident: int) -> AlertEntry | None:
        """The alert of an id."""
        return next((entry for entry in self.entries if entry.id == ident), None)


def alert_board(
    reader: LedgerReader, settings: Settings, now: float, *, at: float | None = None
) -> AlertBoard:
    """The alerts of now, or as they stood at `at`."""
    with reader.snapshot():
        when = moment(reader, now, at)
        past = at is not None and when.at < (when.as_of or 0)
        until = when.at if past else None
        known = silences(reader, now, at=until, recent_s=RECENT_S)
        entries = alerts(reader, now, at=until, recent_s=RECENT_S, policies=settings.alerts)
        status = read_status(reader, settings, when, truth(reader, when.at - DAY, when.at))
    ended = [entry for entry in entries if entry.state == "resolved"]
    open_ones = [entry for entry in entries if entry.state != "resolved"]
    return AlertBoard(
        at=when.at,
        now=when.now,
        live=not past,
        empty=NOTHING if when.as_of is None and not entries else "",
        active=tuple(e for e in open_ones if not e.muted_by and e.state != "acknowledged"),
        acknowledged=tuple(e for e in open_ones if e.state == "acknowledged"),
        muted=tuple(e for e in open_ones if e.muted_by and e.state != "acknowledged"),
        history=tuple(sorted(ended, key=lambda entry: (-(entry.resolved_at or 0), -entry.id))),
        silences=tuple(known),
        status=status,
    )
