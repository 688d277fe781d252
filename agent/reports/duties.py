"""What incidents want of people: how critical they are, and postmortems that are owed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

CRITICALITY, POSTMORTEM = "criticality", "postmortem"


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing that an incident wants, and what somebody has said to it."""

    incident: int
    kind: str  # criticality | postmortem
    due_at: int | None
    answer: str  # critical | not_critical, or the text of a postmortem; empty while it is owed
    person: str
    at: int | None

    @property
    def owed(self) -> bool:
        """Nobody has answered it."""
        return not self.answer


def duties(reader: LedgerReader, incidents: Iterable[int], until: int) -> tuple[Duty, ...]:
    """The duties of some incidents as they stood at an instant, the first due first."""
    rows = reader.action_store().duties(incidents)
    found = [_as_of(Duty(**row), until) for row in rows if row["kind"] in (CRITICALITY, POSTMORTEM)]
    return tuple(sorted(found, key=lambda duty: (duty.due_at is None, duty.due_at or 0, duty.incident)))


def owed_postmortems(reader: LedgerReader, until: int) -> tuple[Duty, ...]:
    """Postmortems that nobody has signed, the first due first."""
    owing = [int(row["incident"]) for row in reader.rows("incidents_owing")]
    return tuple(duty for duty in duties(reader, owing, until) if duty.kind == POSTMORTEM)


def _as_of(duty: Duty, until: int) -> Duty:
    if duty.at is None or duty.at <= until:
        return duty
    return Duty(duty.incident, duty.kind, duty.due_at, "", "", None)
