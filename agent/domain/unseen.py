"""An undo that cannot see whether somebody else has changed its target meanwhile: it is done, and said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agent.domain.action import Action, Step, StepState
from agent.domain.gateway import TargetKind
from agent.domain.words import plural

UNTOLD = "its audit log is refused"
"""How the state of a gateway says that nobody tells what others do to its keys."""
UNTOLD_HINT = (
    "An undo of a key's block then cannot see what somebody else has set meanwhile: let the admin key read "
    "the audit log, and see that the organization keeps one."
)
BLINDLY = "UNSEEN: its audit log is refused, so what somebody else may have set meanwhile was overwritten"
"""What a step says that was set back so."""


def untold(seen: Iterable[Any]) -> frozenset[str]:
    """The gateways, of the rows of their states, that tell nothing of what others change at keys."""
    return frozenset(row["gateway"] for row in seen if str(row["message"]).endswith(UNTOLD))


def foreseen(action: Action, gateways: Iterable[str]) -> str:
    """What to know before an action is undone while these gateways tell nothing; else empty."""
    blind = set(gateways)
    targets = [
        step.target
        for step in action.steps
        if step.holds and step.target.kind is TargetKind.KEY_SCOPES and step.target.gateway in blind
    ]
    if not targets or action.spec.drill or action.state.ended:
        return ""
    names = ", ".join(sorted({target.gateway for target in targets}))
    return (
        f"UNSEEN: {names} refuses its audit log, so nobody sees whether somebody has changed the permissions "
        f"of {plural(len(targets), 'key')} meanwhile; the undo overwrites what they have set"
    )


def overwritten(steps: Iterable[Step]) -> str:
    """What to know after it; else empty."""
    blind = [step for step in steps if step.state is StepState.UNDONE and step.detail == BLINDLY]
    if not blind:
        return ""
    more = f" and {len(blind) - 1} more" if len(blind) > 1 else ""
    return f"{BLINDLY}: look at {blind[0].target.id}{more}"
