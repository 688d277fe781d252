"""Whose approval a change takes. Pure: the console says it early, the agent decides by it."""

from __future__ import annotations

from collections.abc import Sequence

from agent.domain.action import ActionKind, ActionSpec, Needs
from agent.domain.allocation import OVERRIDE_APPROVERS
from agent.domain.gateway import Limit, LimitUnit
from agent.domain.person import Role

TWO: Needs = ((Role.FINANCE.value,), (Role.ENGINEERING.value,))
"""One person of finance and another one of engineering."""
GO: Needs = ((Role.OPERATOR.value, Role.ENGINEERING.value, Role.LEAD.value, Role.ADMIN.value),)
"""Anybody who could have asked for it: what the agent only proposes."""
ALONE_S = 86_400
"""So long may one person throttle production."""

_LEAST_TOKENS = 1_000  # a minute: hardly one call
_STARVED_PERCENT = 95


def needs(
    spec: ActionSpec,
    *,
    production: bool,
    lowers: bool = False,
    proposed: bool = False,
    starves: bool = False,
    approvers: Sequence[str] = (),
) -> Needs:
    """The approvals that a change takes, one person each, neither of them who asks for it.

    `production`: production is hit. `lowers`: a cap gets lower than it is. `proposed`: by the agent, for a
    person to decide. `starves`: nearly nothing of what was called lately would pass. `approvers`: the roles
    that the allocation names for an override of its hard cap, beside finance and engineering.

    A drill takes what the real change would: what is rehearsed is also who agrees.
    """
    if spec.emergency:
        return ()
    match spec.kind:
        case ActionKind.REVOKE | ActionKind.ALLOCATE:
            return TWO
        case ActionKind.TOP_UP:
            return tuple((role,) for role in dict.fromkeys((*approvers, *OVERRIDE_APPROVERS)))
        case ActionKind.CAP if production or not lowers:
            return TWO
        case ActionKind.BLOCK | ActionKind.MODELS | ActionKind.TOOLS if production:
            return TWO
        case ActionKind.THROTTLE if production and (
            starves or spec.expires_s > ALONE_S or _next_to_nothing(spec.limit)
        ):
            return TWO  # a block by another name, or one that outlasts the person who asked
    return GO if proposed else ()


def starves(refused: int, requests: int) -> bool:
    """Whether a limit would have refused nearly all calls."""
    return requests > 0 and refused * 100 >= requests * _STARVED_PERCENT


def _next_to_nothing(limit: Limit | None) -> bool:
    if limit is None or not limit.amount:
        return True
    if limit.unit is LimitUnit.TPM:
        return limit.amount < _LEAST_TOKENS
    return limit.per_minute is not None and limit.per_minute <= 1
