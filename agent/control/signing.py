"""A text of an intent, signed for its place and put into the ledger."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.domain.intent import LARGEST_BYTES, Intent, IntentKind
from agent.errors import BurndeckError
from agent.ledger.intent_box import Place, put_intent

if TYPE_CHECKING:
    from agent.control.identity import Identity
    from agent.domain.person import Person
    from agent.settings import Settings


def put_signed(
    settings: Settings,
    signing: Identity,
    person: Person,
    kind: IntentKind,
    subject: str,
    payload: Mapping[str, Any],
    made_at: int,
    valid_s: int,
) -> int:
    """Signs what this person wants and puts it into the ledger; returns its row.

    Whether the person may want it is not asked here. Raises `LedgerError`, `BurndeckError` for what is too
    long, and `ValueError` for a payload that has no canonical text.
    """
    nonce = secrets.token_hex(16)

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

    return put_intent(settings.ledger_path, sign)
