"""The lists of the Runbooks screen: open runs, ended ones, and the library. Pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING

from console import format as fmt
from console.screens.runbook.signs import RUN_TONES, run_words, step_sign, step_tone
from console.widgets.ink import Span, Tone
from console.widgets.rows import Cell, Column, Order, Row

if TYPE_CHECKING:
    from agent.domain.runbook import Runbook
    from agent.runbooks.view import RunLine


class Part(enum.StrEnum):
    """What is listed; the values are the words on the screen."""

    OPEN = "open"
    ENDED = "ended"
    LIBRARY = "library"

    def of(self, runs: Sequence[RunLine]) -> list[RunLine]:
        """The runs of a list; the library has none."""
        wanted = {Part.OPEN: True, Part.ENDED: False}.get(self)
        return [run for run in runs if wanted is not None and (run.state == "open") is wanted]

    def turned(self, by: int) -> Part:
        """The next or the previous list, round and round."""
        order = list(Part)
        return order[(order.index(self) + by) % len(order)]


EMPTY = {
    Part.OPEN: "no run is open: r on an alert starts the runbook that answers it, n any other",
    Part.ENDED: "no run has ended in the last 30 days",
    Part.LIBRARY: "there are no runbooks",
}


def columns(part: Part) -> tuple[Column, ...]:
    """The columns of a list."""
    if part is Part.LIBRARY:
        return (
            Column("runbook", 20, at_right=False, downwards=False),
            Column("what it is for", 30, at_right=False, grow=True, most=90, downwards=False),
            Column("steps", 5, 2),
            Column("answers", 20, 1, at_right=False, grow=True, most=50, downwards=False),
        )
    last = Column("age", 5) if part is Part.OPEN else Column("ended", 12, at_right=False)
    return (
        Column("run", 4),
        Column("runbook", 20, at_right=False, grow=True, most=50, downwards=False),
        Column("step", 16, at_right=False)
        if part is Part.OPEN
        else Column("outcome", 24, at_right=False, grow=True, most=60, downwards=False),
        Column("held by", 8, at_right=False, downwards=False),
        Column("alert", 5, 2),
        last,
    )


def order(part: Part) -> Order:
    """The newest run first; runbooks by their names."""
    return Order(0, downwards=part is not Part.LIBRARY)


def run_rows(runs: Sequence[RunLine], part: Part, now: float) -> list[Row]:
    """Table rows of runs, with ages as of now."""
    return [_run_row(run, part, now) for run in part.of(runs)]


def _run_row(run: RunLine, part: Part, now: float) -> Row:
    title = f"drill: {run.title}" if run.drill else run.title
    return Row(
        key=str(run.id),
        search=f"{run.runbook} {run.started_by} {run.state} {run.outcome}",
        cells=(
            Cell(str(run.id), run.id, Tone.DIM),
            Cell(title, title, prose=True),
            _where(run) if part is Part.OPEN else _outcome(run),
            Cell(run.holder, run.holder, Tone.DIM),
            Cell(fmt.NOTHING if run.alert is None else str(run.alert), run.alert, Tone.DIM),
            _when(run, part, now),
        ),
    )


def _where(run: RunLine) -> Cell:
    word = {"ready": "waits", "working": "at work", "failed": "failed"}.get(run.step_state, "")
    text = f"{step_sign(run.step_state)} {run.step}/{run.steps} {word}"
    return Cell(text, run.step, step_tone(run.step_state), prose=True)


def _outcome(run: RunLine) -> Cell:
    text = f"{run_words(run.state)}: {run.outcome}" if run.outcome else run_words(run.state)
    return Cell(text, text, RUN_TONES.get(run.state, Tone.DIM), prose=True)


def _when(run: RunLine, part: Part, now: float) -> Cell:
    if part is Part.OPEN:
        return Cell(fmt.age(now - run.started_at), now - run.started_at, Tone.DIM)
    return Cell(fmt.moment(run.ended_at or run.started_at, now), run.ended_at, Tone.DIM)


def library_rows(runbooks: Sequence[Runbook]) -> list[Row]:
    """Table rows of runbooks."""
    return [
        Row(
            key=runbook.id,
            search=f"{runbook.title} {runbook.summary}",
            cells=(
                Cell(runbook.id, runbook.id),
                Cell(runbook.summary or runbook.title, runbook.title, Tone.PLAIN, prose=True),
                Cell(str(len(runbook.steps)), len(runbook.steps), Tone.DIM),
                Cell(", ".join(runbook.triggers), runbook.triggers, Tone.DIM, prose=True),
            ),
        )
        for runbook in runbooks
    ]


def title(part: Part, count: int) -> list[Span]:
    """The heading of the table."""
    word = "Library" if part is Part.LIBRARY else f"{part.value.capitalize()} runs"
    return [Span(word, Tone.STRONG), Span(f" {count}", Tone.DIM)]
