"""Incidents that go on and those lately closed, each with who holds it: the list of the Incident screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.reports.alert_report import IncidentEntry
from agent.reports.alerts import entry_of
from agent.reports.figure import Figure
from agent.reports.incident_people import holder_of
from agent.reports.incidents import incidents
from agent.reports.layers import truth
from agent.reports.moment import DAY, MINUTE, Moment, moment
from agent.reports.status import Status
from agent.reports.status_line import read_status

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

RECENT_S = 30 * DAY
"""How far back closed ones go."""


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One incident in a line."""

    entry: IncidentEntry
    above: Figure  # credits above what is expected so far
    holder: str  # who has taken it; empty while nobody has


@dataclass(frozen=True, slots=True)
class IncidentBoard:
    """All incidents at an instant, the newest first."""

    at: int  # end of the newest complete minute shown
    now: int
    live: bool  # False: an instant that is over
    incidents: tuple[IncidentRow, ...]
    status: Status

    def row(self, ident: int) -> IncidentRow | None:
        """The incident of an id."""
        return next((row for row in self.incidents if row.entry.id == ident), None)


def incident_board(
    reader: LedgerReader,
    settings: Settings,
    now: float,
    *,
    at: float | None = None,
    recent_s: int = RECENT_S,
) -> IncidentBoard:
    """The incidents of now, or as they stood at `at`."""
    with reader.snapshot():
        when = moment(reader, now, at)
        past = at is not None and when.at < (when.as_of or 0)
        until = when.at if past else when.now
        found = incidents(reader, now, recent_s, at=until)
        return IncidentBoard(
            at=when.at,
            now=when.now,
            live=not past,
            incidents=tuple(_row(reader, settings, entry, when, until) for entry in found),
            status=read_status(reader, settings, when, truth(reader, when.at - DAY, when.at)),
        )


def cost_of(reader: LedgerReader, entry: IncidentEntry, when: Moment) -> Figure:
    """What it has cost above expectation, with the layer and age of the data behind it."""
    ended = min(entry.closed_at or when.at, when.at)
    held = truth(reader, min(entry.opened_at, ended - MINUTE), ended)
    return held.figure(entry.above, "credits")


def _row(
    reader: LedgerReader, settings: Settings, entry: IncidentEntry, when: Moment, until: int
) -> IncidentRow:
    rows = reader.rows("alerts_of_incident", {"incident": entry.id})
    return IncidentRow(
        entry, cost_of(reader, entry, when), holder_of(entry_of(row, until, settings.alerts) for row in rows)
    )
