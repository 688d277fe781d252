"""What people have signed and no agent has taken yet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.control.asking import Ask
from agent.control.proof import fingerprint, proved
from agent.control.requests import REQUESTS
from agent.control.standing import NotAllowedError
from agent.control.withdrawing import TEXT, subject_of, too_late
from agent.domain.action import ActionState, parse_spec
from agent.domain.action_words import spec_title
from agent.domain.intent import LARGEST_BYTES, Intent, IntentKind, Refused, parse_intent
from agent.errors import BurndeckError
from agent.ledger.control_store import IntentRow, known_intent
from agent.ledger.withdrawals import WITHDRAWAL

if TYPE_CHECKING:
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_MOST = 200  # that are listed


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
    found = []
    for row in rows:
        each = IntentRow(row["id"], row["body"], row["signature"])
        intent = _in_time(reader, settings, each, now)
        if intent is not None and intent.kind not in (IntentKind.WITHDRAW, IntentKind.REFUSED_ASK):
            found.append((each, intent))
    if not found:
        return []
    subjects = {subject_of(row.id) for row, _ in found}
    taken_back = _taken_back(reader, settings, found[0][0].id, subjects, now)
    return [_queued(row, intent, taken_back) for row, intent in found]


def waiting(reader: LedgerReader, settings: Settings, ident: int, person: str, now: float) -> Queued:
    """The intent of an id that this person may withdraw; `BurndeckError` saying why not, and what helps."""
    row = reader.one("intent_row", {"id": ident, "most": LARGEST_BYTES + 1})
    hint = "`burndeck withdraw` lists what waits." + _action_of(reader, ident)
    if row is None:
        raise BurndeckError(f"there is no intent {ident}", hint=hint)
    if problem := too_late(known_intent(ident, row), person, reader.action_store()):
        raise NotAllowedError(problem, hint=hint)
    each = IntentRow(ident, row["body"], row["signature"])
    intent = _in_time(reader, settings, each, now)
    if intent is None or intent.kind is IntentKind.REFUSED_ASK:
        raise NotAllowedError(f"intent {ident} has lapsed: no agent will carry it out", hint=hint)
    found = _queued(each, intent, _taken_back(reader, settings, ident, {subject_of(ident)}, now))
    if found.withdrawn:
        raise NotAllowedError(f"intent {ident} is withdrawn: no agent will carry it out", hint=hint)
    return found


def _in_time(reader: LedgerReader, settings: Settings, row: IntentRow, now: float) -> Intent | None:
    """What a row is that somebody signed for its place and that an agent would still hear; else None."""
    named = reader.one("ledger_name")
    try:
        intent, _ = proved(row, settings.people, str(named[0]) if named is not None else "")
    except Refused:
        return None
    return intent if intent.place == row.id and now < intent.expires_at else None


def _taken_back(
    reader: LedgerReader, settings: Settings, behind: int, subjects: Collection[str], now: float
) -> set[tuple[object, ...]]:
    """What is withdrawn of some intents, however many others wait before the withdrawal."""
    bound = {"id": behind, "kind": WITHDRAWAL, "most": LARGEST_BYTES}
    found = set[tuple[object, ...]]()
    for ident, body in reader.rows("intents_behind", bound):
        if body is None or not _about(body, subjects):
            continue
        row = reader.one("intent_row", {"id": ident, "most": LARGEST_BYTES + 1})
        each = IntentRow(ident, row["body"], row["signature"]) if row is not None else None
        intent = _in_time(reader, settings, each, now) if each is not None else None
        if intent is not None:
            found.add((intent.subject, intent.person, intent.payload.get(TEXT)))
    return found


def _about(body: bytes, subjects: Collection[str]) -> bool:
    try:
        intent = parse_intent(body)
    except ValueError:
        return False
    return intent.kind is IntentKind.WITHDRAW and intent.subject in subjects


def _action_of(reader: LedgerReader, ident: int) -> str:
    """Where an action has the number that was taken for an intent's: what undoes that one."""
    action = reader.action_store().action(ident)
    if action is None or action.state.ended:
        return ""
    how = "withdraws it" if action.state is ActionState.STANDBY else "undoes it"
    return f" Action {ident} ({spec_title(action.spec)}) is another thing: `burndeck release {ident}` {how}."


def _queued(row: IntentRow, intent: Intent, taken_back: Collection[tuple[object, ...]]) -> Queued:
    return Queued(
        id=row.id,
        kind=intent.kind,
        title=_title(intent),
        person=intent.person,
        reason=str(intent.payload.get("reason") or intent.payload.get("note") or ""),
        made_at=intent.made_at,
        expires_at=intent.expires_at,
        text=fingerprint(row),
        withdrawn=(subject_of(row.id), intent.person, fingerprint(row)) in taken_back,
    )


def _title(intent: Intent) -> str:
    if intent.kind in REQUESTS:
        try:
            return spec_title(parse_spec(intent.payload.get("spec")))
        except ValueError:
            pass  # the agent will refuse it; until then it is named by what it is about
    return f"{intent.kind.value.replace('_', ' ')} {intent.subject.replace(':', ' ', 1)}"
