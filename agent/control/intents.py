"""Intents from the side of the person: made, signed, put into the ledger, and asked after."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.control.identity import Identity
from agent.control.standing import signer
from agent.domain.allocation import Scope
from agent.domain.intent import LARGEST_BYTES, Intent, IntentKind, IntentState
from agent.errors import BurndeckError
from agent.ledger.intent_box import Place, put_intent

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
    told at once. Raises `NoIdentityError`, `NotAllowedError` or `LedgerError`, each with what to do next, and
    `ValueError` for a payload that has no canonical text. Waits for the ledger's write lock, up to 5 seconds.
    """
    signing, person = signer(settings, kind, around, identity)
    made_at, nonce = int(now), secrets.token_hex(16)

    def sign(place: Place) -> tuple[str, str]:
        intent = Intent(
            ledger=place.ledger,
            place=place.row,
            kind=kind,
            subject=subject,
            payload=payload,
            person=person.name,
            made_at=made_at,
            expires_at=made_at + valid_s,
            nonce=nonce,
        )
        text = intent.text()
        if len(text.encode()) > LARGEST_BYTES:
            raise BurndeckError("that is too long for one intent", hint="Shorten the reason.")
        return text, signing.sign(text)

    ident = put_intent(settings.ledger_path, sign)
    return IntentReceipt(ident, kind, subject, person.name, made_at, made_at + valid_s)


def outcome(reader: LedgerReader, ident: int) -> Outcome | None:
    """What became of an intent so far; None for one that the ledger does not know."""
    row = reader.one("intent_outcome", (ident,))
    if row is None:
        return None
    return Outcome(row["id"], IntentState(row["state"]), row["reason"], row["handled_at"])
