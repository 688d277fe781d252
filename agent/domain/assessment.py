"""Whether production is affected by an incident, as somebody has said; also where a cap is reached again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CRITICALITY = "criticality"
"""The duty that holds what was said."""
BEFORE = "criticality-before"
"""Beside it, what was said of the same cap in an earlier incident of the same period."""
CRITICAL, NOT_CRITICAL = "critical", "not_critical"


@dataclass(frozen=True, slots=True)
class Assessment:
    """One person's word, and the incident in which they gave it."""

    answer: str
    person: str
    at: int
    incident: int

    @property
    def critical(self) -> bool:
        """Production was affected."""
        return self.answer == CRITICAL

    @property
    def kept(self) -> str:
        """As the answer of a `BEFORE` duty."""
        return f"{self.answer} {self.incident}"

    def stands_in(self, duty: Mapping[str, Any] | None) -> bool:
        """Whether a criticality was carried on from it, and nobody has said anything since."""
        said = (self.answer, self.person, self.at)
        return duty is not None and (duty["answer"], duty["person"], duty["at"]) == said


def before_of(row: Mapping[str, Any] | None) -> Assessment | None:
    """What a `BEFORE` duty holds; None where there is none, or where it is not what the agent writes."""
    answer, _, incident = str(row["answer"] if row else "").partition(" ")
    if row is None or answer not in (CRITICAL, NOT_CRITICAL) or not incident.isdecimal():
        return None
    return Assessment(answer, str(row["person"]), int(row["at"] or 0), int(incident))


def last_said(incident: int, rows: Iterable[Mapping[str, Any]]) -> Assessment | None:
    """The newest word of an incident by its duties, or what it had from an earlier one."""
    known = {row["kind"]: row for row in rows}
    said, before = known.get(CRITICALITY), before_of(known.get(BEFORE))
    if said is None or not said["answer"] or (before is not None and before.stands_in(said)):
        return before
    return Assessment(str(said["answer"]), str(said["person"]), int(said["at"] or 0), incident)
