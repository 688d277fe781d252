"""What people have signed and no agent has taken yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.control.asking import Ask
from agent.control.proof import fingerprint, proved
from agent.control.requests import REQUESTS
from agent.control.standing import NotAllowedError
from agent.control.withdrawing import TEXT, subject_of, too_late
from agent.domain.action import parse_spec
from agent.domain.action_words import spec_title
from agent.domain.intent import LARGEST_BYTES, Intent, IntentKind, Refused
from agent.errors import BurndeckError
from agent.ledger.control_store import IntentRow, known_intent

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_MOST = 200


@dataclass(frozen=True, slots=True)
class Queued:
    """An intent that waits for an agent."""

    id: int
    kind: IntentKind
    title: str  # what is wanted, in words
    person: str  # whose signature proves it
    reason: str
    made_at: int
    expires_at: int  # no agent takes it later
    text: str  # SHA-256 of what was signed
    withdrawn: bool  # its withdrawal waits too

    @property
    def withdrawal(self) -> Ask:
        """What takes exactly this back."""
        return Ask(IntentKind.WITHDRAW, subject_of(self.id), {TEXT: self.text})


def queued(reader: LedgerReader, settings: Settings, now: float) -> list[Queued]:
    """What waits for an agent and is still in time, oldest first; rows that nobody signed are left out."""
    rows = reader.rows("intents_waiting", {"most": LARGEST_BYTES + 1, "count": _MOST})
    if not rows:
        return []
    named = reader.one("ledger_name")
    ledger = str(named[0]) if named is not None else ""
    found: list[tuple[IntentRow, Intent]] = []
    for row in rows:
        each = IntentRow(row["id"], row["body"], row["signature"])
        try:
            intent, _ = proved(each, settings.people, ledger)
        except Refused:
            continue
        if intent.place == each.id and now < intent.expires_at:
            found.append((each, intent))
    taken_back = {
        (each.subject, each.person, each.payload.get(TEXT))
        for _, each in found
        if each.kind is IntentKind.WITHDRAW
    }
    return [
        _queued(row, intent, (subject_of(row.id), intent.person, fingerprint(row)) in taken_back)
        for row, intent in found
        if intent.kind not in (IntentKind.WITHDRAW, IntentKind.REFUSED_ASK)
    ]


def waiting(reader: LedgerReader, settings: Settings, ident: int, person: str, now: float) -> Queued:
    """The intent of an id that this person may withdraw; `BurndeckError` saying why not, and what helps."""
    row = reader.one("intent_row", {"id": ident, "most": LARGEST_BYTES + 1})
    hint = "`burndeck withdraw` lists what waits."
    if row is None:
        raise BurndeckError(f"there is no intent {ident}", hint=hint)
    if problem := too_late(known_intent(ident, row), person, reader.action_store()):
        raise NotAllowedError(problem, hint=hint)
    found = next((each for each in queued(reader, settings, now) if each.id == ident), None)
    if found is None:
        raise NotAllowedError(f"intent {ident} has lapsed: no agent will carry it out", hint=hint)
    if found.withdrawn:
        raise NotAllowedError(f"intent {ident} is withdrawn: no agent will carry it out", hint=hint)
    return found


def _queued(row: IntentRow, intent: Intent, withdrawn: bool) -> Queued:
    return Queued(
        id=row.id,
        kind=intent.kind,
        title=_title(intent),
        person=intent.person,
        reason=str(intent.payload.get("reason") or intent.payload.get("note") or ""),
        made_at=intent.made_at,
        expires_at=intent.expires_at,
        text=fingerprint(row),
        withdrawn=withdrawn,
    )


def _title(intent: Intent) -> str:
    if intent.kind in REQUESTS:
        try:
            return spec_title(parse_spec(intent.payload.get("spec")))
        except ValueError:
            pass  # the agent will refuse it; until then it is named by what it is about
    return f"{intent.kind.value.replace('_', ' ')} {intent.subject.replace(':', ' ', 1)}"
