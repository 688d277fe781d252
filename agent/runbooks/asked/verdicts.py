"""Verdicts of conditions: one sentence that says what is so and why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.runbooks.asked.answer import evidence
from agent.runbooks.asking import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.domain.run import Line
    from agent.reports.figure import Figure
    from agent.reports.layers import Truth
    from agent.runbooks.asking import Context, Given

UNKNOWN_DATA = "The ledger has no usage yet, so this cannot be said."


def verdict(
    met: bool,
    name: str,
    given: Given,
    sentence: str,
    columns: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (),
    *,
    truth: Truth | Figure | None = None,
    as_of: int | None = None,
    line: Line | None = None,
) -> Verdict:
    """The verdict on a condition of a name."""
    title = f"{name.replace('-', ' ')}: {'met' if met else 'not met'}"
    found = evidence(name, title, given, sentence, columns, rows, truth=truth, as_of=as_of, line=line)
    return Verdict(met, found)


def drilled(context: Context, found: Verdict) -> Verdict:
    """In a drill that has acted: met, since a drill changes nothing that the burn could show."""
    run = context.run
    if run is None or not run.drill or found.met or all(step.action is None for step in run.steps):
        return found
    was = found.evidence
    return Verdict(
        True,
        replace(
            was,
            title=f"{was.name.replace('-', ' ')}: met, in a drill",
            sentence=f"This is a drill, which changes nothing, so it counts as met. In truth: {was.sentence}",
        ),
    )
