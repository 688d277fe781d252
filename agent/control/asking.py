"""From the side of the person: a plan that was looked at, as the intent that asks for exactly that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.control.approvals import DRILL
from agent.control.planning import Plan, books_of, plan
from agent.control.requests import REQUESTS
from agent.domain.action import Action, ActionSpec, spec_fields
from agent.domain.intent import IntentKind

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings


@dataclass(frozen=True, slots=True)
class Ask:
    """What `submit` needs of a request."""

    kind: IntentKind
    subject: str
    payload: Mapping[str, Any]


def preview(reader: LedgerReader, settings: Settings, spec: ActionSpec, now: float) -> Plan:
    """What an action would do; raises `BurndeckError` or `Refused` with what could be done instead."""
    with reader.snapshot():
        return plan(books_of(reader), settings, spec, now)


def request_of(made: Plan, reason: str, *, incident: int | None = None, alert: int | None = None) -> Ask:
    """The request for what was planned; the agent refuses it when that has moved meanwhile."""
    spec = made.spec
    payload = {
        "spec": spec_fields(spec),
        "plan": made.digest(),
        "reason": reason,
        "incident": incident,
        "alert": alert,
    }
    return Ask(kind_of(spec), str(spec.scope), payload)


def kind_of(spec: ActionSpec) -> IntentKind:
    """The kind of intent that asks for an action."""
    kinds = (kind for kind, action in REQUESTS.items() if action is spec.kind)
    return IntentKind.BREAK_GLASS if spec.emergency else next(kinds)


def amendment_of(action: Action, made: Plan, reason: str = "") -> Ask:
    """A change of a request that waits for approvals."""
    payload = {"spec": spec_fields(made.spec), "plan": made.digest(), "reason": reason}
    return Ask(IntentKind.AMEND, f"action:{action.id}", payload)


def decision_on(action: Action, *, approve: bool, note: str = "", token: str = "") -> Ask:
    """An approval or a denial of what was looked at, one's own or one that a token brings.

    That of a drill says so, and decides nothing else.
    """
    said: dict[str, Any] = {"digest": action.digest} | ({"note": note} if note else {})
    payload = {"token": token} if token else said | ({DRILL: True} if action.spec.drill else {})
    return Ask(IntentKind.APPROVE if approve else IntentKind.DENY, f"action:{action.id}", payload)


def release_of(subject: str, reason: str = "") -> Ask:
    """Undoes `action:12`, or all of `incident:3`."""
    return Ask(IntentKind.RELEASE, subject, {"reason": reason})


def renewal_of(action: Action, seconds: int) -> Ask:
    """Makes an action last longer from now on."""
    return Ask(IntentKind.RENEW, f"action:{action.id}", {"seconds": seconds})
