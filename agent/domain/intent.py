"""Intents: what a person wants done, as the text that the person signs."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from agent.domain.canonical import canonical, parse_canonical
from agent.domain.person import name_problem

LONGEST_S = 86_400
"""No intent may wait longer: what somebody wanted yesterday is not what is wanted now."""
LARGEST_BYTES = 16_384
"""A longer text is not read at all."""

_VERSION = 1
_NONCE = re.compile(r"[0-9a-f]{32}")
_LEDGER = re.compile(r"[0-9a-f]{32}")
_TIME_END = 1 << 37  # the year 6325


class IntentKind(enum.StrEnum):
    """What can be wanted."""

    ACKNOWLEDGE = "acknowledge"  # somebody takes an alert
    SILENCE = "silence"
    UNSILENCE = "unsilence"
    PLANNED_ACTIVITY = "planned_activity"  # a rise that was meant
    THROTTLE = "throttle"
    BLOCK = "block"
    MODELS = "models"  # only some models stay allowed
    TOOLS = "tools"  # only some hosted tools stay allowed
    CAP = "cap"  # the provider's own spend limit
    REVOKE = "revoke"  # delete keys
    TOP_UP = "top_up"
    ALLOCATE = "allocate"
    BREAK_GLASS = "break_glass"  # a top-up by one person, from the emergency buffer
    AMEND = "amend"  # change a request that waits for approvals
    APPROVE = "approve"
    DENY = "deny"
    RELEASE = "release"  # undo an action, or all of an incident
    RENEW = "renew"
    ASSESS = "assess"  # how critical an incident is
    POSTMORTEM = "postmortem"
    WITHDRAW = "withdraw"  # an intent of one's own that no agent has taken yet
    REFUSED_ASK = "refused_ask"  # a note that an ask was refused early: it is never carried out
    START_RUN = "start_run"  # of a runbook
    RUN_STEP = "run_step"  # answer, skip, retry, overrule, reopen or sign a step
    HOLD_RUN = "hold_run"  # take a run over, or hand it on
    CLOSE_RUN = "close_run"  # before its end


class IntentState(enum.StrEnum):
    """Where an intent stands."""

    NEW = "new"  # the agent has not looked at it yet
    DONE = "done"
    REFUSED = "refused"


class Refused(Exception):  # noqa: N818 - an answer to a person, not a failure
    """An intent is not carried out; the reason is for the person who made it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Intent:
    """What one person wants. Bound to one ledger and to one place in it: nothing else makes it valid."""

    ledger: str  # the id of the ledger
    place: int  # the row's id: rows of other places or in another order are no intents
    kind: IntentKind
    subject: str  # the id of what it is about: an alert, a silence, ...
    payload: Mapping[str, Any]
    person: str
    made_at: int
    expires_at: int
    nonce: str  # random: the same text is never carried out twice

    def __post_init__(self) -> None:
        if not 0 < len(self.subject) <= 256:
            raise ValueError("subject: must have 1 to 256 characters")
        if not 0 <= self.made_at < self.expires_at <= min(self.made_at + LONGEST_S, _TIME_END):
            raise ValueError(f"expires_at: must be after made_at, and by {LONGEST_S} seconds at most")
        if not _NONCE.fullmatch(self.nonce) or not _LEDGER.fullmatch(self.ledger):
            raise ValueError("nonce, ledger: must be 32 hexadecimal digits")
        if problem := name_problem(self.person):
            raise ValueError(f"person: {problem}")

    def text(self) -> str:
        """The canonical text that is signed."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return canonical({**values, "kind": self.kind.value, "payload": dict(self.payload), "v": _VERSION})


_TYPES: dict[str, type] = {
    **dict.fromkeys(("ledger", "kind", "subject", "person", "nonce"), str),
    **dict.fromkeys(("place", "made_at", "expires_at", "v"), int),
    "payload": dict,
}


def parse_intent(text: bytes) -> Intent:
    """The intent of a signed text; `ValueError` unless it is exactly what `Intent.text` writes."""
    if len(text) > LARGEST_BYTES:
        raise ValueError("longer than any intent")
    values = parse_canonical(text)
    if not isinstance(values, dict) or values.keys() != _TYPES.keys():
        raise ValueError("not the fields of an intent")
    for name, kind in _TYPES.items():
        if type(values[name]) is not kind:
            raise ValueError(f"{name}: must be {kind.__name__}")
    if values.pop("v") != _VERSION:
        raise ValueError("of another version of burndeck")
    if values["kind"] not in tuple(IntentKind):
        raise ValueError(f"kind: {values['kind'][:64]!r} is unknown")
    return Intent(**{**values, "kind": IntentKind(values["kind"])})
