"""Taking back what one signed oneself, while no agent has taken it.

An agent that comes to an intent looks, in the same transaction, for its withdrawal among the rows that wait
behind it. With one, nothing of the intent is done and both rows are settled together. A withdrawal that is
come to in its own turn was therefore too late, and is told what undoes the intent instead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from agent.control.bounds import known_person
from agent.control.proof import fingerprint, proved
from agent.control.roles import may
from agent.domain.action import ActionKind, ActionState, parse_spec
from agent.domain.allocation import Scope
from agent.domain.intent import Intent, IntentKind, IntentState, Refused, parse_intent
from agent.ledger.control_store import IntentHandler, IntentRow

if TYPE_CHECKING:
    from agent.domain.action import Action
    from agent.ledger.action_store import ActionStore
    from agent.ledger.control_store import KnownIntent
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

AHEAD_S = 120
"""Clocks differ; an intent from further in the future is none."""
WITHDRAWN = "withdrawn"
"""Begins the reason of an intent that was taken back."""
TEXT = "body_sha256"
"""In the payload of a withdrawal: the text that it takes back, and no other of that number."""

_THEN: Mapping[IntentKind, str] = {
    IntentKind.ACKNOWLEDGE: "the alert stays taken until it ends",
    IntentKind.SILENCE: "`burndeck silence lift` ends it",
    IntentKind.UNSILENCE: "`burndeck silence add` mutes it again",
    IntentKind.PLANNED_ACTIVITY: "the rise counts as meant until it is over",
    IntentKind.AMEND: "`burndeck amend` changes the request again",
    IntentKind.APPROVE: "`burndeck release` undoes what was approved",
    IntentKind.DENY: "it has to be asked for again",
    IntentKind.RELEASE: "what it undid has to be asked for again",
    IntentKind.RENEW: "`burndeck release` undoes the action",
    IntentKind.ASSESS: "`burndeck incident assess` says otherwise",
    IntentKind.POSTMORTEM: "a signed postmortem stays",
    IntentKind.START_RUN: "`burndeck runbook close` ends the run",
    IntentKind.RUN_STEP: "`burndeck runbook reopen` goes back to the step",
    IntentKind.HOLD_RUN: "`burndeck runbook take` takes the run again",
    IntentKind.CLOSE_RUN: "a run that is closed stays closed",
    IntentKind.WITHDRAW: "what was withdrawn has to be signed again",
}
"""What can still be done of an intent that is done, where it led to no action."""


def subject_of(ident: int) -> str:
    """How a withdrawal names the intent that it takes back."""
    return f"intent:{ident}"


def withdrawal_of(
    writer: LedgerWriter, settings: Settings, row: IntentRow, intent: Intent, now: int
) -> tuple[IntentRow, Intent] | None:
    """The first row behind an intent by which the person who signed it takes it back, proved; else None."""
    if intent.kind is IntentKind.WITHDRAW:
        return None
    for ident in writer.withdrawals.of(subject_of(row.id), row.id):
        behind = writer.control.new_intent(ident)
        found = None if behind is None else _proved(writer, settings, behind, now)
        if behind is not None and found is not None and _takes_back(found, row, intent):
            return behind, found
    return None


def _proved(writer: LedgerWriter, settings: Settings, behind: IntentRow, now: int) -> Intent | None:
    """A withdrawal that would be heard in its own turn too."""
    try:
        found, person = proved(behind, settings.people, writer.control.ledger_name())
    except Refused:
        return None
    timely = found.place == behind.id and found.made_at <= now + AHEAD_S and now < found.expires_at
    return found if timely and may(person, found.kind) else None


def _takes_back(found: Intent, row: IntentRow, intent: Intent) -> bool:
    about = found.kind is IntentKind.WITHDRAW and found.subject == subject_of(row.id)
    return about and found.person == intent.person and found.payload.get(TEXT) == fingerprint(row)


def handler(settings: Settings) -> IntentHandler:
    """What hears a withdrawal in its own turn, where it is always too late: it says why, and what helps."""

    def scopes(writer: LedgerWriter, intent: Intent) -> Collection[Scope]:
        return known_person(settings, intent.person).scopes  # one's own signature is never out of reach

    def apply(writer: LedgerWriter, intent: Intent, now: int) -> None:
        ident = _ident(intent.subject)
        known = writer.control.known_intent(ident) if ident else None
        if ident is None or known is None:
            raise Refused(f"there is no {intent.subject}")
        if problem := too_late(known, intent.person, writer.actions):
            raise Refused(problem)
        if intent.payload.get(TEXT) != fingerprint(known.row):
            raise Refused(f"intent {ident} is not the one that was looked at")
        raise Refused(f"intent {ident} was not signed before its withdrawal")

    return IntentHandler(scopes, apply)


def too_late(known: KnownIntent, person: str, actions: ActionStore) -> str:
    """Why this person cannot withdraw an intent, and what helps instead; empty while it waits."""
    ident = known.row.id
    try:
        intent = parse_intent(known.row.body)
    except ValueError:
        return f"row {ident} is no intent"
    if intent.person != person:
        return f"{intent.person} signed intent {ident}, so only they withdraw it"
    if intent.kind is IntentKind.WITHDRAW:
        return "a withdrawal cannot be withdrawn: ask again for what it took back"
    if known.state is IntentState.NEW:
        return ""
    if known.state is IntentState.REFUSED:
        said = f"was refused ({known.reason})" if not known.reason.startswith(WITHDRAWN) else "is withdrawn"
        return f"intent {ident} {said} already: nothing of it was done"
    return f"intent {ident} is done already: {_undone_by(intent, known.handled_at, actions)}"


def _undone_by(intent: Intent, handled_at: int | None, actions: ActionStore) -> str:
    """What undoes an intent that was carried out."""
    if intent.kind in _THEN:
        return _THEN[intent.kind]
    action = _action_of(intent, handled_at, actions)
    if action is None:
        return "what came of it is over (`burndeck actions`)"
    waits = action.state is ActionState.STANDBY
    if action.spec.kind is ActionKind.REVOKE and not waits:
        return f"it is action {action.id}, and deleted keys do not come back"
    if action.spec.kind is ActionKind.ALLOCATE and not waits:
        return f"it is action {action.id}; `burndeck allocations propose` changes it back"
    return f"undo it with `burndeck release {action.id}`"


def _action_of(intent: Intent, handled_at: int | None, actions: ActionStore) -> Action | None:
    """The open action that a request led to: by who asked, when the agent heard it, and the exact change."""
    try:
        wanted = parse_spec(intent.payload.get("spec")).digest()
    except ValueError:
        return None
    for action in actions.open_actions():
        by = (action.requested_by, action.requested_at)
        if by == (intent.person, handled_at) and action.spec.digest() == wanted:
            return action
    return None


def _ident(subject: str) -> int | None:
    named, _, text = subject.partition(":")
    return int(text) if named == "intent" and text.isdecimal() and len(text) <= 18 else None
