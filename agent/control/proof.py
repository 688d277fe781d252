"""Nothing in a row is believed until its signature proves who signed it, and for which ledger."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection

from agent.control.carrying import carried
from agent.domain.intent import Intent, Refused, parse_intent
from agent.domain.person import Person
from agent.ledger.control_store import IntentRow


def proved(row: IntentRow, people: Collection[Person], ledger: str) -> tuple[Intent, Person]:
    """The intent of a row and the person who signed it for the ledger of this name; raises `Refused`."""
    intent = _intent_of(row)
    person = next((each for each in people if each.name == intent.person), None)
    if person is None:
        raise Refused(f"burndeck.toml knows no person {intent.person!r}, or did not when the agent started")
    if not _signed(row, person):
        raise Refused(f"the signature is not that of {person.name}")
    if intent.ledger != ledger:
        raise Refused("made for another ledger")
    return intent, person


def _intent_of(row: IntentRow) -> Intent:
    try:
        return parse_intent(row.body)
    except ValueError as error:
        token = carried(row)
        if token is None:
            raise Refused(f"malformed: {error}") from None
        return token


def fingerprint(row: IntentRow) -> str:
    """SHA-256 of the text that was signed, hexadecimal."""
    return hashlib.sha256(row.body).hexdigest()


def _signed(row: IntentRow, person: Person) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        signature = base64.b64decode(row.signature, validate=True)
        Ed25519PublicKey.from_public_bytes(person.public_key).verify(signature, row.body)
    except (InvalidSignature, ValueError):
        return False
    return True
