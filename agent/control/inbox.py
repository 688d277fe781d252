"""Intents from the side of the agent: nothing in a row is believed until its signature proves it."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.control.roles import may, refusal
from agent.control.standing import out_of_reach
from agent.domain.intent import Intent, IntentKind, IntentState, Refused, parse_intent
from agent.domain.person import UNVERIFIED, Person
from agent.ledger.control_store import IntentHandler, IntentRow

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

Handlers = Mapping[IntentKind, IntentHandler]
REFUSED = "intent_refused"
"""Kind of the audit record of a refusal; that of an intent which was done is the intent's kind."""

_AHEAD_S = 120  # clocks differ; an intent from further in the future is none
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one row."""

    id: int
    intent: Intent | None  # None where no signature proved one
    reason: str  # why it was refused; empty when it was done

    @property
    def done(self) -> bool:
        return not self.reason


def take(
    writer: LedgerWriter, settings: Settings, now: float, handlers: Handlers, *, most: int = 100
) -> list[Handled]:
    """Carries out or refuses the intents that wait, oldest first, each in a transaction of its own.

    A row that is no intent is refused and stops nothing; without new rows it costs one look at an index. When
    the ledger itself fails, `LedgerError`: the row waits on as if it had not been looked at.
    """
    handled = []
    for ident in writer.control.new_intents(most):
        with writer.transaction():
            row = writer.control.new_intent(ident)
            if row is not None:
                handled.append(_handle(writer, settings, int(now), handlers, row))
    return handled


def _handle(
    writer: LedgerWriter, settings: Settings, now: int, handlers: Handlers, row: IntentRow
) -> Handled:
    """Inside the transaction: the handler's work, the row's state and the audit record, or none of them."""
    intent: Intent | None = None
    reason = ""
    try:
        intent, person = _proved(writer, settings, row)
        _timely(writer, intent, row, now)
        handler = _allowed(intent, person, handlers)
        with writer.control.attempt():
            if not person.reaches(handler.scopes(writer, intent)):
                raise Refused(out_of_reach(person))
            handler.apply(writer, intent, now)
    except Refused as refused:
        reason = refused.reason or "refused"
    except Exception as error:  # whatever a handler does, the next intent is heard
        if not writer.control.in_transaction:
            raise
        _log.exception("intent %d failed", row.id)
        reason = f"the agent failed on it ({type(error).__name__}); its log says more"
    state = IntentState.REFUSED if reason else IntentState.DONE
    writer.control.settle_intent(row.id, state, reason, now)
    _audit(writer, now, row, intent, reason)
    return Handled(row.id, intent, reason)


def _proved(writer: LedgerWriter, settings: Settings, row: IntentRow) -> tuple[Intent, Person]:
    """The intent of a row and the person who signed it for this ledger."""
    try:
        intent = parse_intent(row.body)
    except ValueError as error:
        raise Refused(f"malformed: {error}") from None
    person = next((each for each in settings.people if each.name == intent.person), None)
    if person is None:
        raise Refused(f"burndeck.toml knows no person {intent.person!r}, or did not when the agent started")
    if not _signed(row, person):
        raise Refused(f"the signature is not that of {person.name}")
    if intent.ledger != writer.control.ledger_name():
        raise Refused("made for another ledger")
    return intent, person


def _timely(writer: LedgerWriter, intent: Intent, row: IntentRow, now: int) -> None:
    """Refuses what is not here for the first time, in its place, in its turn and in its time."""
    newest = writer.control.newest_seen_intent()
    in_place = intent.place == row.id
    if not writer.control.saw_intent(intent.nonce, row.id if in_place else 0):
        raise Refused("replayed: this intent was handled before")
    if not in_place:
        raise Refused("moved: it was made for another row")
    if row.id <= newest:
        raise Refused(f"out of order: intent {newest} was handled before it")
    if intent.made_at > now + _AHEAD_S:
        raise Refused("made in the future: the clocks of person and agent differ")
    if now >= intent.expires_at:
        raise Refused("expired: no agent took it in time")


def _allowed(intent: Intent, person: Person, handlers: Handlers) -> IntentHandler:
    """The handler of an intent that one of the person's roles allows."""
    if not may(person, intent.kind):
        raise Refused(refusal(person, intent.kind))
    handler = handlers.get(intent.kind)
    if handler is None:
        raise Refused(f"this agent cannot {intent.kind.value}")
    return handler


def _signed(row: IntentRow, person: Person) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        signature = base64.b64decode(row.signature, validate=True)
        Ed25519PublicKey.from_public_bytes(person.public_key).verify(signature, row.body)
    except (InvalidSignature, ValueError):
        return False
    return True


def _audit(writer: LedgerWriter, now: int, row: IntentRow, intent: Intent | None, reason: str) -> None:
    detail: dict[str, Any] = {"intent": row.id, "body_sha256": hashlib.sha256(row.body).hexdigest()}
    if intent:
        detail |= {"payload": dict(intent.payload), "made_at": intent.made_at}
    actor, subject = (intent.person, intent.subject) if intent else (UNVERIFIED, f"intent:{row.id}")
    if not intent or reason:
        detail |= {"reason": reason} | ({"kind": intent.kind.value} if intent else {})
        writer.control.audit(now, actor, REFUSED, subject, detail)
        _log.warning("intent %d refused: %s", row.id, reason)
    else:
        writer.control.audit(now, actor, intent.kind.value, subject, detail)
