"""A broken glass owes a postmortem, and whoever broke it does not sign what is said of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from agent.control.roles import may, takes
from agent.domain.action import Action
from agent.domain.incident import TimelineEntry
from agent.domain.intent import Intent, IntentKind, Refused
from agent.domain.postmortem import unsaid

if TYPE_CHECKING:
    from agent.domain.person import Person
    from agent.ledger.writer import LedgerWriter
    from agent.settings import Settings

POSTMORTEM = "postmortem"
_SIGNED = "postmortem-"  # and a number: signed before the glass was broken again
_MOST_NAMED = 3


def owe_postmortem(writer: LedgerWriter, settings: Settings, action: Action, now: int) -> None:
    """Whoever breaks the glass owes a postmortem: the incident stays open until somebody else has signed it.

    One that is still owed is due when it was; one that was signed is kept, and another one is owed.
    """
    incident = action.incident
    if incident is None:
        raise Refused("there is no incident to break the glass for: ask for a top-up")
    duties = {row["kind"]: row for row in writer.actions.duties([incident])}
    owed = duties.get(POSTMORTEM)
    if owed is not None and not owed["answer"]:
        return
    if owed is not None:
        kept = sum(kind.startswith(_SIGNED) for kind in duties)
        said = {name: owed[name] for name in ("due_at", "answer", "person", "at")}
        writer.actions.save_duty(incident, f"{_SIGNED}{kept + 1}", **said)
    due = now + int(settings.acting.postmortem_within)
    writer.actions.save_duty(incident, POSTMORTEM, due_at=due)


def sign_postmortem(
    writer: LedgerWriter, settings: Settings, incident: int, intent: Intent, now: int
) -> None:
    """Keeps a signed postmortem; the incident may be closed then."""
    text = str(intent.payload.get("text", "")).strip()
    rows = writer.actions.duties([incident])
    duty = next((row for row in rows if row["kind"] == POSTMORTEM), None)
    if duty is None:
        raise Refused(f"incident {incident} owes no postmortem")
    if duty["answer"]:
        raise Refused(f"{duty['person']} has signed it already")
    broke = breakers(writer.actions.of_incident(incident), rows)
    check(text, intent.person, broke, settings.people, incident)
    writer.actions.save_duty(
        incident, POSTMORTEM, due_at=duty["due_at"], answer=text, person=intent.person, at=now
    )
    entry = TimelineEntry(incident, now, "postmortem", intent.person, f"postmortem signed: {text}")
    writer.incidents.add_timeline([entry])


def breakers(
    actions: Iterable[Action], duties: Iterable[dict[str, Any]] = (), *, drill: bool = False
) -> set[str]:
    """Who has broken the glass since a postmortem was last signed; of a drill: who has tried it out."""
    before = max((row["at"] or 0 for row in duties if row["kind"].startswith(_SIGNED)), default=0)
    broken = (each for each in actions if each.spec.emergency and each.spec.drill is drill)
    return {each.requested_by for each in broken if each.requested_at >= before}


def check(
    text: str, person: str, broke: Collection[str], people: Sequence[Person], incident: int | None = None
) -> None:
    """Raises `Refused` where a person may not sign it, or where the text says too little."""
    if problem := not_signed_by(person, broke, people, incident):
        raise Refused(". ".join(problem))
    if lacks := unsaid(text):
        raise Refused(lacks)


def not_signed_by(
    person: str, broke: Collection[str], people: Sequence[Person], incident: int | None = None
) -> tuple[str, str] | None:
    """Why a person may not sign a postmortem, and who may; None where they may, roles apart."""
    if person not in broke:
        return None
    others = [each.name for each in people if may(each, IntentKind.POSTMORTEM) and each.name not in broke]
    named = ", ".join(others[:_MOST_NAMED]) + (" ..." if len(others) > _MOST_NAMED else "")
    who = f"such as {named}" if others else "and burndeck.toml knows nobody else who has one"
    how = "" if incident is None else f": `burndeck incident postmortem {incident} --file FILE`"
    return (
        f"{person} broke the glass, so somebody else signs the postmortem",
        f"It takes {takes(IntentKind.POSTMORTEM)}, {who}{how}",
    )
