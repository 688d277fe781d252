"""Whose approval a change takes. Pure: the console says it early, the agent decides by it."""

from __future__ import annotations

from collections.abc import Sequence

from agent.domain.action import ActionKind, ActionSpec, Needs
from agent.domain.person import Role

TWO: Needs = ((Role.FINANCE.value,), (Role.ENGINEERING.value,))
"""One person of finance and another one of engineering."""
GO: Needs = ((Role.OPERATOR.value, Role.ENGINEERING.value, Role.LEAD.value, Role.ADMIN.value),)
"""Anybody who could have asked for it: what the agent only proposes."""


def needs(
    spec: ActionSpec,
    *,
    production: bool,
    lowers: bool = False,
    proposed: bool = False,
    approvers: Sequence[str] = (),
) -> Needs:
    """The approvals that a change takes, one person each, neither of them who asks for it.

    `production`: production is hit. `lowers`: a cap gets lower than it is. `proposed`: by the agent, for a
    person to decide. `approvers`: the roles that the allocation names for an override of its hard cap.
    """
    if spec.drill or spec.emergency:
        return ()
    match spec.kind:
        case ActionKind.REVOKE | ActionKind.ALLOCATE:
            return TWO
        case ActionKind.TOP_UP:
            return tuple((role,) for role in approvers) or TWO
        case ActionKind.CAP if production or not lowers:
            return TWO
        case ActionKind.BLOCK | ActionKind.MODELS if production:
            return TWO
        case ActionKind.THROTTLE if production and spec.limit is not None and not spec.limit.amount:
            return TWO  # a limit of nothing is a block by another name
    return GO if proposed else ()
