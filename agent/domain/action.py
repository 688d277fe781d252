"""Actions: a change to what may burn, from the wish to its end. Approved is the hash of its text."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.domain.allocation import Scope
from agent.domain.canonical import canonical
from agent.domain.gateway import Fields, Limit, LimitUnit, Target

LONGEST_S = 31 * 86_400
"""No action that expires lasts longer without being renewed."""
_MOST_NANO = 2**62


class ActionKind(enum.StrEnum):
    """What can be changed."""

    THROTTLE = "throttle"  # held to a rate
    BLOCK = "block"  # nothing passes
    MODELS = "models"  # only some models
    TOOLS = "tools"  # only some of the provider's hosted tools
    CAP = "cap"  # the provider stops at an amount a month
    REVOKE = "revoke"  # keys are deleted, for ever
    TOP_UP = "top_up"  # credits from the pool, until the period ends
    ALLOCATE = "allocate"  # an allocation is made, changed or taken away

    @property
    def at_gateways(self) -> bool:
        """Whether it changes something outside the ledger."""
        return self not in (ActionKind.TOP_UP, ActionKind.ALLOCATE)


class ActionState(enum.StrEnum):
    """Where an action stands."""

    STANDBY = "standby"  # waits for approvals, or for somebody's go
    PENDING = "pending"  # may be done, and is about to be
    EXECUTING = "executing"
    ACCEPTED = "accepted"  # every gateway has taken it
    CONFIRMED = "confirmed"  # and traffic shows it
    FAILED = "failed"  # no target took it
    REVERSING = "reversing"
    REVERSED = "reversed"  # somebody undid it
    EXPIRED = "expired"  # its time was up, and it was undone
    DECLINED = "declined"  # never done: denied, withdrawn, or not approved in time

    @property
    def active(self) -> bool:
        """Whether it holds now, or may hold."""
        return self in (
            ActionState.PENDING,
            ActionState.EXECUTING,
            ActionState.ACCEPTED,
            ActionState.CONFIRMED,
            ActionState.REVERSING,
        )

    @property
    def ended(self) -> bool:
        """Whether nothing more becomes of it."""
        return self in (
            ActionState.FAILED,
            ActionState.REVERSED,
            ActionState.EXPIRED,
            ActionState.DECLINED,
        )


class StepState(enum.StrEnum):
    """Where the change at one target stands."""

    PLANNED = "planned"
    APPLYING = "applying"  # written down before the gateway is told: a crash finds it so
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"
    KEPT = "kept"  # somebody else changed it meanwhile: it was not touched again


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """What is wanted, exactly. Two specs with the same text are the same change."""

    kind: ActionKind
    scope: Scope
    non_prod: bool = False  # spare production
    limit: Limit | None = None  # of THROTTLE
    models: tuple[str, ...] = ()  # of MODELS and TOOLS: what stays allowed; of THROTTLE: those that are held
    amount_nano: int = 0  # of CAP and TOP_UP
    expires_s: int = 0  # undoes itself after this long; 0: not by itself
    change: Mapping[str, Any] = field(default_factory=dict)  # of ALLOCATE: the fields that are set
    gateway: str = ""  # only there; empty: wherever the keys are
    drill: bool = False  # the same path, and nothing changes
    emergency: bool = False  # breaks the glass: one person, from the buffer

    def __post_init__(self) -> None:
        if self.kind is ActionKind.THROTTLE and self.limit is None:
            raise ValueError("a throttle needs a limit such as 10 rps")
        if self.kind is ActionKind.MODELS and not self.models:
            raise ValueError("say which models stay allowed")
        if self.kind in (ActionKind.CAP, ActionKind.TOP_UP) and not 0 < self.amount_nano <= _MOST_NANO:
            raise ValueError("the amount must be more than nothing, and can be counted")
        if not 0 <= self.expires_s <= LONGEST_S:
            raise ValueError("nothing lasts longer than 31 days without being renewed")

    def text(self) -> str:
        """The canonical text."""
        return canonical(spec_fields(self))

    def digest(self) -> str:
        """What approvals are bound to: SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.text().encode()).hexdigest()


def spec_fields(spec: ActionSpec) -> dict[str, Any]:
    """A spec as JSON without floats, as intents carry it."""
    return {
        "kind": spec.kind.value,
        "scope": str(spec.scope),
        "non_prod": spec.non_prod,
        "limit": spec.limit and {"amount": spec.limit.amount, "unit": spec.limit.unit.value},
        "models": list(spec.models),
        "amount_nano": spec.amount_nano,
        "expires_s": spec.expires_s,
        "change": dict(spec.change),
        "gateway": spec.gateway,
        "drill": spec.drill,
        "emergency": spec.emergency,
    }


_SPEC_TYPES: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "scope": (str,),
    "non_prod": (bool,),
    "limit": (dict, type(None)),
    "models": (list,),
    "amount_nano": (int,),
    "expires_s": (int,),
    "change": (dict,),
    "gateway": (str,),
    "drill": (bool,),
    "emergency": (bool,),
}


def parse_spec(values: object) -> ActionSpec:
    """The spec of JSON that somebody wrote; `ValueError` naming the field that is wrong."""
    if not isinstance(values, dict) or values.keys() != _SPEC_TYPES.keys():
        raise ValueError("spec: not the fields of an action")
    for name, kinds in _SPEC_TYPES.items():
        if type(values[name]) not in kinds:
            raise ValueError(f"{name}: must be {kinds[0].__name__}")
    models = values["models"]
    if not all(isinstance(model, str) and model for model in models):
        raise ValueError("models: must be names")
    return ActionSpec(
        **{
            **values,
            "kind": _member(ActionKind, "kind", values["kind"]),
            "scope": Scope.parse(values["scope"]),
            "limit": _limit(values["limit"]),
            "models": tuple(models),
        }
    )


def _limit(values: dict[str, Any] | None) -> Limit | None:
    if values is None:
        return None
    if values.keys() != {"amount", "unit"} or type(values["amount"]) is not int:
        raise ValueError("limit: needs an amount and a unit")
    return Limit(values["amount"], _member(LimitUnit, "unit", values["unit"]))


def _member(kind: Any, name: str, value: object) -> Any:
    if value not in tuple(kind):
        raise ValueError(f"{name}: {str(value)[:64]!r} is none of {', '.join(kind)}")
    return kind(value)


@dataclass(frozen=True, slots=True)
class Step:
    """One target's part of an action. `before` is what undoing restores, field by field of `want`."""

    seq: int  # from 0, within the action
    target: Target
    want: Fields
    before: Fields
    state: StepState = StepState.PLANNED
    version: str = ""  # of the target when it was planned
    detail: str = ""  # why it failed or was kept; the key's name otherwise
    at: int | None = None  # of the newest state

    @property
    def holds(self) -> bool:
        """Whether the gateway has taken it, as far as we know."""
        return self.state in (StepState.APPLYING, StepState.APPLIED, StepState.UNDOING)


Needs = tuple[tuple[str, ...], ...]
"""Approvals that are still to be given, one person each: the roles of which one is enough."""


@dataclass(frozen=True, slots=True)
class Action:
    """An action as the ledger keeps it. Times are UTC epoch seconds, `requested_by` a person or `agent`."""

    spec: ActionSpec
    state: ActionState
    requested_by: str
    requested_at: int
    reason: str
    needs: Needs = ()
    approve_by: int | None = None  # approvals after it count for nothing
    incident: int | None = None
    alert: int | None = None
    begun_at: int | None = None
    accepted_at: int | None = None
    confirmed_at: int | None = None
    expires_at: int | None = None
    ended_at: int | None = None
    ended_by: str = ""
    why: str = ""  # it failed, was declined or ended
    effect: str = ""  # what became of the burn, one sentence
    preview: Mapping[str, Any] = field(default_factory=dict)  # what was shown before: JSON without floats
    steps: Sequence[Step] = ()
    revision: int = 0  # how often the request was changed
    id: int | None = None

    @property
    def digest(self) -> str:
        """What an approval of it is bound to."""
        hit = [[str(step.target), dict(step.want)] for step in self.steps]
        return request_digest(spec_fields(self.spec), hit, self.reason, self.revision)


def request_digest(spec: Mapping[str, Any], hit: Sequence[Any], reason: str, revision: int) -> str:
    """SHA-256 of the change, the targets that it hits, why, and its place in the row of changes of a request.

    What was changed and changed back is therefore another text: nothing that was said before counts again.
    """
    text = canonical({"spec": dict(spec), "hit": list(hit), "reason": reason, "revision": revision})
    return hashlib.sha256(text.encode()).hexdigest()


class Verdict(enum.StrEnum):
    """What an approver said."""

    APPROVED = "approved"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's word on exactly one text of an action."""

    action: int
    digest: str
    person: str
    role: str  # in which the person said it
    verdict: Verdict
    at: int
    note: str = ""
    void: str = ""  # why it counts no more; empty while it does
