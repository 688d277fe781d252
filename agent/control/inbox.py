"""Intents from the side of the agent: nothing in a row is believed until its signature proves it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.control.proof import fingerprint, proved
from agent.control.refusing import refused_fields, told
from agent.control.roles import may, refusal
from agent.control.standing import out_of_reach
from agent.control.withdrawing import AHEAD_S, WITHDRAWN, withdrawal_of
from agent.domain.intent import Intent, IntentKind, IntentState, Refused
from agent.domain.person import UNVERIFIED, Person
from agent.ledger.control_store import IntentHandler, IntentRow

if TYPE_CHECKING:
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

Handlers = Mapping[IntentKind, IntentHandler]
REFUSED = "intent_refused"
"""Kind of the audit record of a refusal; that of an intent which was done is the intent's kind."""

_LONGEST_S = 0.5  # of one look: no other intent is begun after it
_OUT_OF_TURN = 0  # the place of what is heard early: the rows before it are still to come
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
    writer: LedgerWriter,
    settings: Settings,
    now: float,
    handlers: Handlers,
    *,
    most: int = 100,
    monotonic: Callable[[], float] | None = None,
) -> list[Handled]:
    """Carries out or refuses the intents that wait, oldest first, each in a transaction of its own.

    A row that is no intent is refused and stops nothing; without new rows it costs one look at an index. When
    the ledger itself fails, `LedgerError`: the row waits on as if it had not been looked at. By `monotonic`,
    what takes long leaves the rest to the next look, which its own commits bring about: the writer has other
    work too.
    """
    handled: list[Handled] = []
    began = monotonic() if monotonic is not None else 0.0
    for ident in writer.control.new_intents(most):
        if handled and monotonic is not None and monotonic() - began >= _LONGEST_S:
            break
        with writer.transaction():
            row = writer.control.new_intent(ident)
            if row is not None:
                handled += _handle(writer, settings, int(now), handlers, row)
    return handled


def _handle(
    writer: LedgerWriter, settings: Settings, now: int, handlers: Handlers, row: IntentRow
) -> list[Handled]:
    """Inside the transaction: the handler's work, the row's state and the audit record, or none of them.

    Where whoever signed it has taken it back meanwhile, the withdrawal is settled with it.
    """
    intent: Intent | None = None
    withdrawal: tuple[IntentRow, Intent] | None = None
    reason = ""
    try:
        intent, person = proved(row, settings.people, writer.control.ledger_name())
        _timely(writer, intent, row, now)
        if intent.kind is IntentKind.REFUSED_ASK:
            raise Refused(told(intent))
        withdrawal = withdrawal_of(writer, settings, row, intent, now)
        if withdrawal is not None and writer.control.saw_intent(withdrawal[1].nonce, _OUT_OF_TURN):
            raise Refused(f"{WITHDRAWN} by {person.name} before an agent took it")
        withdrawal = None
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
    handled = [Handled(row.id, intent, reason)]
    if withdrawal is not None:
        behind, taken_back = withdrawal
        writer.control.settle_intent(behind.id, IntentState.DONE, "", now)
        _audit(writer, now, behind, taken_back, "")
        handled.append(Handled(behind.id, taken_back, ""))
    return handled


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
    if intent.made_at > now + AHEAD_S:
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


def _audit(writer: LedgerWriter, now: int, row: IntentRow, intent: Intent | None, reason: str) -> None:
    detail: dict[str, Any] = {"intent": row.id, "body_sha256": fingerprint(row)}
    if intent:
        detail |= {"payload": dict(intent.payload), "made_at": intent.made_at}
    actor, subject = (intent.person, intent.subject) if intent else (UNVERIFIED, f"intent:{row.id}")
    if not intent or reason:
        detail |= {"reason": reason} | (refused_fields(intent) if intent else {})
        writer.control.audit(now, actor, REFUSED, subject, detail)
        _log.warning("intent %d refused: %s", row.id, reason)
    else:
        writer.control.audit(now, actor, intent.kind.value, subject, detail)
