"""Where a person goes back to from a step that cannot be done as the run has come to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.run import StepState
from agent.domain.runbook import StepKind

if TYPE_CHECKING:
    from agent.runbooks.view import RunView, StepView


def way_back(view: RunView) -> StepView | None:
    """The decision that led to the present step, where another answer may lead on; None where none did.

    Only of a step that failed or that is about to act: it may be what no gateway here can do.
    """
    current = view.current
    if current is None or not (
        {"act", "retry"} & set(current.can) or current.state.state is StepState.FAILED
    ):
        return None
    answered = [
        each
        for each in view.steps
        if each.declared.kind is StepKind.DECISION
        and each.state.state is StepState.DONE
        and "reopen" in each.can
    ]
    return max(answered, key=lambda each: (each.state.ended_at or 0, each.declared.seq), default=None)
