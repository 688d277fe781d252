"""Intents from the side of the person: made, signed, put into the ledger, and asked after."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.control.identity import Identity
from agent.control.refusing import on_record
from agent.control.signing import put_signed
from agent.control.standing import signer
from agent.domain.allocation import Scope
from agent.domain.intent import IntentKind, IntentState

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

VALID_S = 1_800
"""How long an intent waits for an agent, in seconds of the ledger's clock."""


@dataclass(frozen=True, slots=True)
class IntentReceipt:
    """What was put into the ledger; `outcome` tells what became of it."""

    id: int
    kind: IntentKind
    subject: str
    person: str
    made_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an intent."""

    id: int
    state: IntentState
    reason: str  # why it was refused
    handled_at: int | None


def submit(
    settings: Settings,
    kind: IntentKind,
    subject: str,
    payload: Mapping[str, Any],
    now: float,
    *,
    around: Collection[Scope] | None = None,
    identity: Identity | None = None,
    valid_s: int = VALID_S,
) -> IntentReceipt:
    """Signs an intent with the identity in force (or with `identity`) and puts it into the ledger.

    `payload` is JSON without floats. With `around`, the subject's scopes, a person who does not reach them is
    told at once; a refusal goes on record. Raises `NoIdentityError`, `NotAllowedError` or `LedgerError`, each
    with what to do next, and `ValueError` for a payload that has no canonical text. Waits for the ledger's
    write lock, up to 5 seconds.
    """
    with on_record(settings, kind, subject, payload, now, identity):
        signing, person = signer(settings, kind, around, identity)
    made_at = int(now)
    ident = put_signed(settings, signing, person, kind, subject, payload, made_at, valid_s)
    return IntentReceipt(ident, kind, subject, person.name, made_at, made_at + valid_s)


def outcome(reader: LedgerReader, ident: int) -> Outcome | None:
    """What became of an intent so far; None for one that the ledger does not know."""
    row = reader.one("intent_outcome", (ident,))
    if row is None:
        return None
    return Outcome(row["id"], IntentState(row["state"]), row["reason"], row["handled_at"])
