"""Whose approval a change takes. Pure: the console says it early, the agent decides by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.domain.action import Action, ActionKind, ActionSpec, Needs
from agent.domain.allocation import OVERRIDE_APPROVERS
from agent.domain.gateway import Limit, LimitUnit
from agent.domain.person import Role
from agent.domain.words import duration

if TYPE_CHECKING:
    from agent.control.planning import Plan

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


def why_needed(made: Plan) -> str:
    """Why a change takes two people, in a phrase; empty where it does not, or its kind says it already."""
    return _why(made.spec, made.needs, made.production, made.refused, made.requests)


def why_asked(action: Action) -> str:
    """The same of a request, by what was known when it was made."""
    seen = action.preview
    refused, requests = int(seen.get("refused", 0)), int(seen.get("requests", 0))
    return _why(action.spec, action.needs, bool(seen.get("production")), refused, requests)


def _why(spec: ActionSpec, wanted: Needs, production: bool, refused: int, requests: int) -> str:
    if len(wanted) < len(TWO):
        return ""
    match spec.kind:
        case ActionKind.REVOKE:
            return "deleted keys do not come back"
        case ActionKind.BLOCK | ActionKind.MODELS | ActionKind.TOOLS if production:
            return "production is hit"
        case ActionKind.CAP:
            return "production is hit" if production else "it is not lower than what holds there"
        case ActionKind.THROTTLE if starves(refused, requests):
            return f"it would have refused {_STARVED_PERCENT} % of the calls or more"
        case ActionKind.THROTTLE if spec.expires_s > ALONE_S:
            return f"it holds production longer than {duration(ALONE_S)}"
        case ActionKind.THROTTLE if _next_to_nothing(spec.limit):
            return "next to nothing would pass"
    return ""


def starves(refused: int, requests: int) -> bool:
    """Whether a limit would have refused nearly all calls."""
    return requests > 0 and refused * 100 >= requests * _STARVED_PERCENT


def _next_to_nothing(limit: Limit | None) -> bool:
    if limit is None or not limit.amount:
        return True
    if limit.unit is LimitUnit.TPM:
        return limit.amount < _LEAST_TOKENS
    return limit.per_minute is not None and limit.per_minute <= 1
