"""Runs in which what somebody else than the agent has written is marked, for whoever reads them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.domain.audit import NOT_OURS
from agent.domain.person import AGENT
from agent.domain.run import Run, RunEvent

if TYPE_CHECKING:
    from agent.ledger.run_seals import Foreign

FORGED = "forged"
"""Kind of the line that a timeline ends with then. It is shown, and kept nowhere."""


def marked(run: Run, foreign: Foreign) -> Run:
    """The run with what is not the agent's marked in the outcome of its steps."""
    wrong = {*foreign.steps, *((run.at,) if foreign.row or foreign.signed else ())}
    if not wrong:
        return run
    return replace(
        run,
        steps=tuple(
            replace(step, outcome=f"{NOT_OURS}: {step.outcome or step.reason or step.state.value}")
            if step.seq in wrong
            else step
            for step in run.steps
        ),
    )


def told(events: tuple[RunEvent, ...], run: Run, foreign: Foreign) -> tuple[RunEvent, ...]:
    """The timeline, with a last line where something is not the agent's."""
    if not foreign:
        return events
    at = events[-1].at if events else run.started_at
    text = f"{NOT_OURS}: {foreign.words}; `burndeck audit verify` says more"
    return (*events, RunEvent(at, FORGED, AGENT, text))
