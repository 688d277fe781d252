"""Incidents, silences and planned activity in the ledger, on the connection of its writer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from agent.domain.incident import Incident, TimelineEntry
from agent.domain.planned import Planned
from agent.domain.silence import Silence
from agent.ledger.store import Store


class IncidentStore(Store):
    """What people and the agent decide about alerts. Writes join the transaction that is open."""

    def open_incidents(self) -> list[Incident]:
        """Every incident that is not closed."""
        return [
            Incident(title, group, tier, cause, opened_at, closed_at, above_nano, ident)
            for ident, title, group, tier, cause, opened_at, closed_at, above_nano in self._all(
                "incidents_open"
            )
        ]

    def tier(self, ident: int) -> str:
        """The gravest tier that an incident had, also of a closed one; empty where there is none."""
        rows = self._all("incident_tier", {"id": ident})
        return str(rows[0][0]) if rows else ""

    def owing_postmortem(self) -> set[int]:
        """Incidents that stay open until somebody has signed their postmortem."""
        return {row[0] for row in self._all("incidents_owing")}

    def add_incident(self, incident: Incident) -> Incident:
        """Opens an incident; returns it with its id."""
        return replace(incident, id=self._write("add_incident", asdict(incident)).lastrowid)

    def update_incident(self, incident: Incident) -> None:
        """Keeps what an evaluation changed."""
        self._write("update_incident", asdict(incident))

    def add_timeline(self, entries: Iterable[TimelineEntry]) -> None:
        """Adds lines to timelines."""
        for entry in entries:
            self._write("add_timeline", asdict(entry))

    def open_silences(self) -> list[Silence]:
        """Silences that have not ended, also those whose time is up: ending one is announced."""
        return [_silence(row) for row in self._all("silences_open")]

    def silence(self, ident: int) -> Silence | None:
        """The silence of an id; None when there is none."""
        rows = self._all("silence_by_id", {"id": ident})
        return _silence(rows[0]) if rows else None

    def add_silence(self, silence: Silence) -> Silence:
        """Begins a silence; returns it with its id."""
        return replace(silence, id=self._write("add_silence", _silence_columns(silence)).lastrowid)

    def update_silence(self, silence: Silence) -> None:
        """Keeps how much was burnt under a silence, and its end."""
        self._write("update_silence", _silence_columns(silence))

    def planned(self, since: int) -> list[Planned]:
        """Planned activity that ends after `since`."""
        return [Planned(*row) for row in self._all("planned_since", {"since": since})]

    def add_planned(self, planned: Planned) -> Planned:
        """Keeps planned activity; returns it with its id."""
        return replace(planned, id=self._write("add_planned", asdict(planned)).lastrowid)


def _silence(row: tuple[Any, ...]) -> Silence:
    ident, author, reason, matchers, starts_at, ends_at, limit_nano, burnt_nano, ended_at, ended_why = row
    return Silence(
        author,
        reason,
        json.loads(matchers),
        starts_at,
        ends_at,
        limit_nano,
        burnt_nano,
        ended_at,
        ended_why,
        ident,
    )


def _silence_columns(silence: Silence) -> dict[str, Any]:
    columns = asdict(silence)
    columns["matchers"] = json.dumps(dict(silence.matchers), sort_keys=True)
    return columns
