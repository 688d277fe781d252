"""The steps of a run, one a line: where it is, what is done, what failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.domain.run import RunState, StepState
from console.actions import bindings
from console.screens.runbook.signs import step_mark
from console.widgets.ink import Span, Tone
from console.widgets.rows import Cell, Column, Order, Row
from console.widgets.table import Table

if TYPE_CHECKING:
    from agent.runbooks.view import RunView, StepView

_COLUMNS = (
    Column("", 4, at_right=False, sortable=False),
    Column("step", 10, at_right=False, grow=True, sortable=False),
)


class Steps(Table, inherit_bindings=False):
    """A table in one order; the keys that turn pages turn those of the step beside it."""

    BINDINGS = bindings("table")

    def __init__(self, turn: Callable[[int], None]) -> None:
        super().__init__("rows", _COLUMNS, Order(0, downwards=False))
        self._turn = turn

    def action_half_page_down(self) -> None:
        self._turn(1)

    def action_half_page_up(self) -> None:
        self._turn(-1)


def step_rows(view: RunView) -> list[Row]:
    """Table rows of the steps; what was not on the way stays, but dim."""
    return [_row(step, here=step.declared.seq == view.run.at) for step in view.steps]


def _row(step: StepView, *, here: bool) -> Row:
    declared, state = step.declared, step.state.state
    sign, _, tone = step_mark(step)
    named = Tone.STRONG if here else Tone.PLAIN if state.value in ("ahead", "done", "failed") else Tone.DIM
    return Row(
        key=str(declared.seq),
        search=f"{declared.id} {declared.kind} {declared.prose}",
        cells=(
            Cell(f"{sign} {declared.seq:>2}", declared.seq, tone),
            Cell(declared.title, None, named, prose=True),
        ),
    )


def steps_title(view: RunView) -> list[Span]:
    """The heading of the table: how far the run has come."""
    behind = [step for step in view.steps if step.state.state.over]
    if view.run.state is RunState.ABANDONED:  # what was not come to is not behind, it was left out
        behind = [step for step in behind if step.state.state is not StepState.PASSED]
    return [Span("Steps", Tone.STRONG), Span(f" {len(behind)} of {len(view.steps)} behind", Tone.DIM)]
