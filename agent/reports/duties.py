"""What incidents want of people: how critical they are, and postmortems that are owed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.domain.assessment import BEFORE, CRITICALITY, before_of

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader

POSTMORTEM = "postmortem"


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing that an incident wants, and what somebody has said to it."""

    incident: int
    kind: str  # criticality | postmortem | criticality-before: of the same cap, and it does not count here
    due_at: int | None
    answer: str  # critical | not_critical, or the text of a postmortem; empty while it is owed
    person: str
    at: int | None
    assessed_in: int | None = None  # the earlier incident in which a criticality was said

    @property
    def owed(self) -> bool:
        """Nobody has answered it."""
        return not self.answer


def duties(reader: LedgerReader, incidents: Iterable[int], until: int) -> tuple[Duty, ...]:
    """The duties of some incidents as they stood at an instant, the first due first."""
    rows = reader.action_store().duties(incidents)
    found = [_as_of(duty, until) for duty in _known(rows)]
    return tuple(sorted(found, key=lambda duty: (duty.due_at is None, duty.due_at or 0, duty.incident)))


def owed_postmortems(reader: LedgerReader, until: int) -> tuple[Duty, ...]:
    """Postmortems that nobody has signed, the first due first."""
    owing = [int(row["incident"]) for row in reader.rows("incidents_owing")]
    return tuple(duty for duty in duties(reader, owing, until) if duty.kind == POSTMORTEM)


def _known(rows: Sequence[dict[str, Any]]) -> Iterator[Duty]:
    """Each duty, and a word from an earlier incident where it does not stand in this one already."""
    said = {row["incident"]: row for row in rows if row["kind"] == CRITICALITY}
    before = {row["incident"]: before_of(row) for row in rows if row["kind"] == BEFORE}
    for row in rows:
        earlier = before.get(row["incident"])
        carried = earlier is not None and earlier.stands_in(said.get(row["incident"]))
        if row["kind"] == POSTMORTEM or (row["kind"] == CRITICALITY and not carried):
            yield Duty(**row)
        elif earlier is not None and row["kind"] == CRITICALITY:
            yield Duty(**row, assessed_in=earlier.incident)
        elif earlier is not None and row["kind"] == BEFORE and row["incident"] not in said:
            yield Duty(**{**row, "answer": earlier.answer}, assessed_in=earlier.incident)


def _as_of(duty: Duty, until: int) -> Duty:
    if duty.at is None or duty.at <= until:
        return duty
    return Duty(duty.incident, duty.kind, duty.due_at, "", "", None)
