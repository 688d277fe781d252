"""How Triage drills: from an organization to a team, to a project, to a key, and back. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.ledger.kinds import Kind
from agent.reports.triage_report import TRIAGE_KINDS

WORDS = {
    Kind.API_KEY: "key",
    Kind.TEAM: "team",
    Kind.MODEL: "model",
    Kind.ENDPOINT: "endpoint",
    Kind.PROJECT: "project",
    Kind.ENVIRONMENT: "environment",
}
PLURALS = {kind: word.capitalize() + "s" for kind, word in WORDS.items()}
INSIDE = {
    Kind.TEAM: Kind.PROJECT,
    Kind.PROJECT: Kind.API_KEY,
    Kind.MODEL: Kind.TEAM,
    Kind.ENDPOINT: Kind.TEAM,
    Kind.ENVIRONMENT: Kind.TEAM,
}
"""What is looked at inside a row of each dimension; a key has nothing inside."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row that was drilled into."""

    kind: Kind
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Drill:
    """Where Triage stands: the steps taken into rows, and the dimension of the table."""

    dimension: Kind = Kind.API_KEY
    steps: tuple[Step, ...] = ()

    @property
    def within(self) -> tuple[Kind, str] | None:
        """What the report is narrowed to: the innermost step."""
        return (self.steps[-1].kind, self.steps[-1].value) if self.steps else None

    def into(self, step: Step) -> Drill | None:
        """Inside a row; None where there is nothing inside."""
        inner = INSIDE.get(step.kind)
        return Drill(inner, (*self.steps, step)) if inner is not None else None

    def out(self) -> Drill | None:
        """Back out to the table that the innermost step was a row of; None at the outside."""
        return Drill(self.steps[-1].kind, self.steps[:-1]) if self.steps else None

    def turned(self, by: int) -> Drill:
        """The same place by the next or the previous dimension."""
        place = TRIAGE_KINDS.index(self.dimension)
        return replace(self, dimension=TRIAGE_KINDS[(place + by) % len(TRIAGE_KINDS)])
