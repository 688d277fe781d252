"""A token that stands for itself: whoever brings it needs no identity, for it is signed already.

It is put into the ledger as it was signed. The agent hears it as the word of the person who signed it: bound
to one ledger, one action and the exact change, in time, and once, because its text is its nonce.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from agent.control.tokens import VALID_S, fields_of, read_token, seal, unseal
from agent.domain.action import Verdict
from agent.domain.intent import LARGEST_BYTES, Intent, IntentKind, Refused
from agent.ledger.intent_box import Place, put_intent

if TYPE_CHECKING:
    from agent.control.intents import IntentReceipt
    from agent.control.tokens import Word
    from agent.ledger.control_store import IntentRow
    from agent.settings import Settings


def carried(row: IntentRow) -> Intent | None:
    """The intent that a token in a row is, whoever signed it; None where the row holds no token."""
    try:
        text = row.body.decode()
        values = fields_of(text)
        return Intent(
            ledger=values["ledger"],
            place=row.id,
            kind=_kind(Verdict(values["verdict"])),
            subject=f"action:{values['action']}",
            payload={"token": seal(text, row.signature.decode())},
            person=values["person"],
            made_at=values["at"],
            expires_at=values["at"] + VALID_S,
            nonce=hashlib.sha256(row.body).hexdigest()[:32],
        )
    except (ValueError, TypeError, AttributeError):
        return None


def carry(settings: Settings, token: str, action: int, kind: IntentKind, now: float) -> IntentReceipt:
    """Puts a token on an action into the ledger, in the name of who signed it.

    Raises `Refused` where the agent would refuse it anyway, and `LedgerError`.
    """
    from agent.control.intents import IntentReceipt
    from agent.ledger import open_reader

    with open_reader(settings.ledger_path) as reader:
        ledger = str(reader.rows("ledger_name")[0][0])
    word = read_token(token, settings.people, ledger, int(now))
    _is_about(word, action, kind)
    text, signature = unseal(token)
    if len(text.encode()) > LARGEST_BYTES:
        raise Refused("the token is too long: shorten its note")

    def as_it_is(place: Place) -> tuple[str, str]:
        return text, signature

    ident = put_intent(settings.ledger_path, as_it_is)
    made_at = int(fields_of(text)["at"])
    return IntentReceipt(ident, kind, f"action:{action}", word.person.name, made_at, made_at + VALID_S)


def _is_about(word: Word, action: int, kind: IntentKind) -> None:
    if word.action != action:
        raise Refused(f"the token is about action {word.action}, not {action}")
    if _kind(word.verdict) is not kind:
        raise Refused(f"the token says {word.verdict.value}")


def _kind(verdict: Verdict) -> IntentKind:
    return IntentKind.APPROVE if verdict is Verdict.APPROVED else IntentKind.DENY
