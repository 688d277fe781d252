"""Who may end an action before its time, and who may let it last longer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from agent.control.approvals import cap_holds
from agent.control.policy import ALONE_S
from agent.control.roles import ACTING, ALLOWED
from agent.domain.action import Action, ActionKind, ActionState
from agent.domain.intent import IntentKind, Refused
from agent.domain.person import AGENT, Person, Role
from agent.domain.words import duration

if TYPE_CHECKING:
    from agent.ledger.alert_store import AlertStore

_RENEWABLE = (ActionState.PENDING, ActionState.EXECUTING, ActionState.ACCEPTED, ActionState.CONFIRMED)
_ASKED_ANEW = (ActionKind.CAP, ActionKind.ALLOCATE, ActionKind.TOP_UP)
"""Their end was approved with their amount."""


def renewed(action: Action, person: Person, seconds: int, now: int) -> Action:
    """The action with a later end. Raises `Refused` for what is not prolonged so, or not by this person."""
    if action.state not in _RENEWABLE:
        raise Refused(f"action {action.id} is {action.state.value}: there is nothing to renew")
    if action.spec.kind in _ASKED_ANEW:
        what = action.spec.kind.value.replace("_", "-")
        raise Refused(f"a {what} is never renewed: ask for it again, with its approvals")
    if action.expires_at is None:
        raise Refused(f"action {action.id} does not end by itself")
    if not 0 < seconds <= action.spec.expires_s:
        longest = duration(action.spec.expires_s)
        raise Refused(f"renew it for more than nothing, and for {longest} at most, as it was asked for")
    if now + seconds < action.expires_at:
        raise Refused(f"it lasts {duration(action.expires_at - now)} already: renewing never shortens it")
    if problem := _not_by(action, person, now + seconds):
        raise Refused(problem)
    return replace(action, expires_at=now + seconds)


def _not_by(action: Action, person: Person, end: int) -> str:
    """Why this person may not prolong it; empty where they may."""
    deciding = _deciding(action) or set(ACTING)
    if deciding.isdisjoint(person.roles):
        return f"it is renewed by {_either(deciding)}; {person.name} is none of them"
    if person.name != action.requested_by or action.spec.drill:
        return ""
    if action.needs:
        return f"{person.name} asked for it, so somebody else renews it: it took approvals"
    begun = action.requested_at if action.begun_at is None else action.begun_at
    if action.spec.kind is ActionKind.THROTTLE and not action.spec.non_prod and end > begun + ALONE_S:
        return f"one person holds production for {duration(ALONE_S)} at most: somebody else renews it"
    return ""


def asks_itself(action: Action) -> bool:
    """Whether it is a request of the agent that waits for people's approvals."""
    return action.requested_by == AGENT and action.state is ActionState.STANDBY


def not_released(alerts: AlertStore, action: Action, person: Person) -> str:
    """Why an action cannot be undone by somebody; empty where it can."""
    if action.state.ended or action.state is ActionState.REVERSING:
        return f"action {action.id} is {action.state.value}: there is nothing to undo"
    if action.state is ActionState.STANDBY:
        return _not_withdrawn(action, person)
    match action.spec.kind:
        case ActionKind.REVOKE:
            return "deleted keys do not come back: issue new ones"
        case ActionKind.ALLOCATE:
            return "an allocation is changed back by a request of its own, with two approvals"
        case ActionKind.TOP_UP if Role.FINANCE not in person.roles:
            return "a top-up is taken back by finance"
        case ActionKind.CAP if problem := _cap_not_released(action, person):
            return problem
        case ActionKind.THROTTLE | ActionKind.BLOCK | ActionKind.MODELS | ActionKind.TOOLS if (
            ACTING.isdisjoint(person.roles)
        ):
            return "what holds calls back is undone by operator, engineering, lead or admin"
    if action.requested_by == AGENT and cap_holds(alerts, action):
        return (
            f"action {action.id} holds a hard cap that is still reached: ask for a top-up, "
            "or break the glass (`burndeck top-up --help`)"
        )
    return ""


def _not_withdrawn(action: Action, person: Person) -> str:
    """A request is taken back by whoever asked, or by whoever decides it."""
    if person.name == action.requested_by:
        return ""
    deciding = _deciding(action) | (set(ACTING) if action.requested_by == AGENT else set())
    if not deciding.isdisjoint(person.roles):
        return ""
    return f"action {action.id} waits: {action.requested_by} may withdraw it, or {_either(deciding)}"


def _cap_not_released(action: Action, person: Person) -> str:
    able = ALLOWED[IntentKind.CAP]
    if able.isdisjoint(person.roles):
        return f"a cap is taken back by {_either(able)}"
    if _undoing_raises(action):
        return (
            "undoing it would raise the amount, or clear it: ask for a cap of the amount that is wanted, "
            "with two approvals (`burndeck cap --help`)"
        )
    return ""


def _undoing_raises(action: Action) -> bool:
    """Whether more could burn with what stood there before; of a drill nothing stands anywhere."""
    if action.spec.drill or action.state is ActionState.PENDING:
        return False
    return any(
        _allows_more(step.before.get(name), amount)
        for step in action.steps
        for name, amount in step.want.items()
    )


def _allows_more(before: object, amount: object) -> bool:
    if before is None:
        return amount is not None
    try:
        return Decimal(str(before)) > Decimal(str(amount))
    except InvalidOperation:  # a period, say: nobody knows which of two allows more
        return before != amount


def _deciding(action: Action) -> set[str]:
    return {role for roles in action.needs for role in roles}


def _either(roles: Collection[str]) -> str:
    return " or ".join(sorted(str(role) for role in roles))
