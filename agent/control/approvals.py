"""Who has approved what: bound to one exact text, given by two people, void as soon as anything changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.control.bounds import known_person, scopes_around
from agent.control.occasion import Occasion, Tell, record
from agent.control.paging import asks_for
from agent.control.standing import out_of_reach
from agent.control.tokens import Word, read_token
from agent.domain.action import Action, ActionState, Approval, Needs, Verdict
from agent.domain.action_words import assigned, open_needs
from agent.domain.alert import HARD_CAP
from agent.domain.intent import Intent, Refused
from agent.domain.person import Person

if TYPE_CHECKING:
    from agent.ledger.alert_store import AlertStore
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

DRILL = "drill"
"""Where the payload of an intent says that a word was given in a drill."""


def approve(
    writer: LedgerWriter, settings: Settings, action: Action, intent: Intent, now: int, tell: Tell
) -> None:
    """Counts one person's approval; with the last one the action may begin.

    Raises `Refused`: not waiting any more, too late, another change than the one that was looked at, a word
    of a drill for what is real, the person who asked, the same person twice, or a role that is not needed
    (any more).
    """
    word = _word(writer, settings, action, intent, Verdict.APPROVED, now)
    _still_waits(action, now)
    if word.digest != action.digest:
        raise Refused("what was approved is not what is asked for now: look at it again")
    if word.person.name == action.requested_by:
        raise Refused(f"{word.person.name} asked for it, so somebody else approves it")
    given = _counting(writer, action)
    if any(each.person == word.person.name for each in given):
        raise Refused(f"{word.person.name} has approved it already: it takes another person")
    *before, role = _roles_for(action.needs, given, word.person, settings.people)
    ident = action.id or 0
    for each, now_for in zip(given, before, strict=True):
        if each.role != now_for:
            writer.actions.count_approval_for(each, now_for)
    writer.actions.add_approval(
        Approval(ident, action.digest, word.person.name, role, Verdict.APPROVED, now, word.note)
    )
    text = f"approved by {word.person.name} for {role}" + (f": {word.note}" if word.note else "")
    text += _brought(word, intent)
    left = len(action.needs) - len(given) - 1
    if left:
        occasion = Occasion("approved", action, f"{text}; {left} more to go", word.person.name)
        record(writer, asks_for(writer, occasion, _counting(writer, action), text), now, tell)
        return
    ready = writer.actions.save(replace(action, state=ActionState.PENDING, approve_by=None))
    record(writer, Occasion("approved", ready, f"{text}; it begins", word.person.name), now, tell)


def deny(
    writer: LedgerWriter, settings: Settings, action: Action, intent: Intent, now: int, tell: Tell
) -> None:
    """One no is enough: of somebody who could have approved it, or of whoever asked for it."""
    word = _word(writer, settings, action, intent, Verdict.DENIED, now)
    _still_waits(action, now)
    if word.digest != action.digest:
        raise Refused("what was denied is not what is asked for now: look at it again")
    roles = {role for needed in action.needs for role in needed}
    if word.person.name != action.requested_by and roles.isdisjoint(word.person.roles):
        raise Refused(f"{word.person.name} has none of the roles that decide it: {', '.join(sorted(roles))}")
    role = next((each.value for each in word.person.roles if each in roles), "requester")
    writer.actions.add_approval(
        Approval(action.id or 0, action.digest, word.person.name, role, Verdict.DENIED, now, word.note)
    )
    why = f"denied by {word.person.name}" + (f": {word.note}" if word.note else "")
    over = replace(action, state=ActionState.DECLINED, ended_at=now, ended_by=word.person.name, why=why)
    writer.actions.save(over)
    said = why + _brought(word, intent)
    occasion = Occasion("declined", over, said, actor=word.person.name, recipients=("ops_on_call",))
    record(writer, occasion, now, tell)


def _brought(word: Word, intent: Intent) -> str:
    """Who carried a token here, where it was not whoever signed it."""
    return "" if intent.person == word.person.name else f" (brought by {intent.person})"


def cap_holds(alerts: AlertStore, action: Action) -> bool:
    """Whether an action of the agent answers a hard cap that is still reached."""
    alert = None if action.alert is None else alerts.alert(action.alert)
    return alert is not None and alert.live and alert.signal.tier == HARD_CAP


def _word(
    writer: LedgerWriter, settings: Settings, action: Action, intent: Intent, verdict: Verdict, now: int
) -> Word:
    """What was said, and by whom: by the person who signed the intent, or in a token that they bring.

    Whoever signed a token must reach the action too: of whoever signed the intent the inbox knows already.
    """
    token = intent.payload.get("token")
    if token is not None:
        word = read_token(str(token), settings.people, writer.control.ledger_name(), now)
        if word.action != action.id or word.verdict is not verdict:
            raise Refused("the token is about something else")
        if not word.person.reaches(scopes_around(writer, action.spec.scope)):
            raise Refused(out_of_reach(word.person))
        return word
    person = known_person(settings, intent.person)
    _as_real(action, said_in_drill=intent.payload.get(DRILL) is True)
    digest, note = intent.payload.get("digest"), intent.payload.get("note", "")
    return Word(action.id or 0, str(digest), person, verdict, str(note).strip())


def _as_real(action: Action, *, said_in_drill: bool) -> None:
    """What was said in a drill decides nothing real, nor the other way round; a digest covers it as well."""
    if said_in_drill and not action.spec.drill:
        raise Refused(
            f"that was signed in a drill, which it counts for alone: action {action.id} is real, look at it"
        )
    if action.spec.drill and not said_in_drill:
        raise Refused(f"action {action.id} is a drill, and that was not signed as a word in one: look again")


def _still_waits(action: Action, now: int) -> None:
    if action.state is not ActionState.STANDBY:
        raise Refused(f"action {action.id} is {action.state.value}: there is nothing to decide")
    if action.approve_by is not None and now >= action.approve_by:
        raise Refused("too late: the time for approvals is over; ask for it again")


def _counting(writer: LedgerWriter, action: Action) -> list[Approval]:
    return [
        each
        for each in writer.actions.approvals(action.id or 0)
        if not each.void and each.verdict is Verdict.APPROVED and each.digest == action.digest
    ]


def _roles_for(
    needs: Needs, given: Sequence[Approval], person: Person, people: Collection[Person]
) -> list[str]:
    """The roles in which those who approved, and now this person, count. Raises `Refused`.

    Whoever has two roles counts for the one that nobody else brings, whoever of them came first.
    """
    known = {each.name: {role.value for role in each.roles} for each in people}
    mine = {role.value for role in person.roles}
    sets = [known.get(each.person, set()) or {each.role} for each in given] + [mine]
    places = assigned(needs, sets)
    if places is not None:
        return [min(roles & set(needs[place])) for roles, place in zip(sets, places, strict=True)]
    still = " and ".join(" or ".join(roles) for roles in open_needs(needs, given))
    has = ", ".join(sorted(mine)) or "none"
    raise Refused(f"still to be given is the approval of {still}; {person.name} has the roles {has}")
