"""What a person can do with an action: why not, the form for it, and the intent that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.duration import Duration
from agent.domain.intent import IntentKind
from agent.domain.money import to_credits
from agent.domain.person import AGENT, Role
from agent.domain.words import plural
from console import format as fmt
from console.screens.actions.detail import target_words
from console.screens.forms.form import Field, FieldError, Form, Values
from console.wants import Want

if TYPE_CHECKING:
    from agent.control.asking import Ask
    from agent.domain.person import Person
    from agent.reports.action_report import ActionDetail, ActionEntry, StepLine

_STEPS_SHOWN = 6


# Why not


def not_undone(entry: ActionEntry) -> str:
    """Why an action cannot be undone; empty where it can."""
    if not entry.open or entry.state == "reversing":
        return f"Action {entry.id} is {entry.state}: there is nothing to undo."
    if entry.state != "standby" and entry.kind == "revoke":
        return "Deleted keys do not come back: issue new ones."
    if entry.state != "standby" and entry.kind == "allocate":
        return "An allocation is changed back by a request of its own: 5, then p."
    return ""


def not_undone_all(entry: ActionEntry, known: Sequence[ActionEntry]) -> str:
    """Why there is nothing to undo together, by what is `known` of its incident."""
    if entry.incident is not None:
        return nothing_of(entry.incident, known)
    return not_undone(entry) or f"Action {entry.id} belongs to no incident: u undoes it alone."


def nothing_of(incident: int, known: Sequence[ActionEntry]) -> str:
    """Why nothing of an incident can be undone; empty where something can."""
    its = [each for each in known if each.incident == incident and not not_undone(each)]
    if any(not stays(each, None) for each in its):
        return ""
    if its:
        return f"Of incident {incident} only requests of the agent wait: A approves one, D denies it."
    return f"Nothing that was done in incident {incident} holds or waits: there is nothing to undo."


def not_renewed(entry: ActionEntry) -> str:
    """Why an action cannot last longer."""
    if entry.renewable:
        return ""
    if not entry.open or entry.state in ("standby", "reversing"):
        return f"Action {entry.id} is {entry.state}: there is nothing to renew."
    if entry.kind == "top_up":
        return "A top-up ends with its month: 5, then + asks for another one."
    if entry.kind == "allocate":
        return "An allocation holds until it is changed: 5, then p asks for that."
    return f"Action {entry.id} does not end by itself."


def not_decided(entry: ActionEntry, person: Person, *, approve: bool) -> str:
    """Why somebody cannot decide it: nothing waits, they asked for it, or another role is needed."""
    if entry.state != "standby":
        return f"Action {entry.id} is {entry.state}: there is nothing to decide."
    if not approve and person.name == entry.requested_by:
        return ""
    if approve and person.name == entry.requested_by:
        return "You asked for it yourself, so somebody else approves it. u takes it back."
    if any(line.person == person.name for line in entry.given):
        return "You have approved it already: it takes another person."
    open_roles = {role for roles in entry.waits_for for role in roles}
    if open_roles.isdisjoint(role.value for role in person.roles):
        waits = " and ".join(" or ".join(roles) for roles in entry.waits_for)
        return f"It waits for {waits}; you are {', '.join(person.roles) or 'without a role'}."
    return ""


# Forms


def undo(detail: ActionDetail, now: float) -> Form:
    """Limits are what they were before, or the request is taken back."""
    entry = detail.entry
    waits = entry.state == "standby"

    def judge(values: Values) -> list[str]:
        if waits:
            return ["Nothing was changed yet: the request is taken back, and nobody can approve it any more."]
        if entry.kind == "top_up":
            return ["The credits go back to where they came from; what was burnt of them stays burnt."]
        return _few([f"{target_words(step)}: back to {step.before}" for step in detail.steps])

    return Form(
        f"{'Take back' if waits else 'Undo'} action {entry.id}",
        entry.title,
        (Field("reason", "reason", "", "why; may stay empty"),),
        judge,
        lambda values: _release(
            f"action:{entry.id}", values["reason"], f"Undo of action {entry.id} asked for"
        ),
        said_lines=8,
    )


def undo_all(
    detail: ActionDetail, now: float, known: Sequence[ActionEntry] = (), person: Person | None = None
) -> Form:
    """Everything that was done about the incident of an action, by what is `known` of it."""
    return undo_incident(detail.entry.incident or 0, known, person)


def stays(entry: ActionEntry, person: Person | None) -> str:
    """Why an action outlasts the undo of all of its incident by this person, as far as that is known here."""
    waits = entry.state == "standby"
    if waits and entry.requested_by == AGENT:
        return "the agent asks for it, and nothing of it is done: A approves it, D denies it"
    if entry.kind == "top_up" and not waits and person is not None and Role.FINANCE not in person.roles:
        return "finance takes a top-up back"
    return ""


def undo_incident(incident: int, known: Sequence[ActionEntry], person: Person | None = None) -> Form:
    """Everything that was done about an incident, by what is `known` of it."""
    its = [each for each in known if each.incident == incident and not not_undone(each)]
    its.sort(key=lambda each: -each.id)

    def judge(values: Values) -> list[str]:
        return [
            *_few([_becomes(each, person) for each in its]),
            "The newest first. A hard cap that is still reached stays.",
        ]

    def want(values: Values) -> Want:
        if values["sure"] != str(incident):
            raise FieldError(f"type: {incident}, the number of the incident, to confirm")
        subject = f"incident:{incident}"
        return _release(subject, values["reason"], f"Undo of all of incident {incident} asked for")

    fields = (
        Field("sure", "type", "", f"{incident}, the number of the incident"),
        Field("reason", "reason", "", "why; may stay empty"),
    )
    title = f"Undo all of incident {incident}"
    about = plural(len(its), "action")
    return Form(title, about, fields, judge, want, said_lines=min(10, 4 + len(its)))


def _becomes(entry: ActionEntry, person: Person | None) -> str:
    if reason := stays(entry, person):
        return f"leaves {entry.title}: {reason}"
    return f"{'takes back' if entry.state == 'standby' else 'undoes'} {entry.title}"


def _few(lines: list[str]) -> list[str]:
    """The first of them, and how many more there are."""
    more = len(lines) - _STEPS_SHOWN
    return [*lines[:_STEPS_SHOWN], f"and {more} more"] if more > 0 else lines


def renew(detail: ActionDetail, now: float) -> Form:
    """Lasts longer, counted from now."""
    entry = detail.entry
    usual = Duration(detail.action.spec.expires_s or 3_600)

    def seconds(values: Values) -> int:
        try:
            found = Duration.parse(values["for"])
        except ValueError as error:
            raise FieldError(f"for: {error}") from None
        if not 0 < found <= usual:
            raise FieldError(f"for: more than nothing, and no longer than {usual}, as it was asked for")
        return int(found)

    def judge(values: Values) -> list[str]:
        left = fmt.span((entry.expires_at or now) - now)
        until = fmt.moment(now + seconds(values), now)
        return [f"It would undo itself in {left}; renewed, at {until} UTC."]

    def want(values: Values) -> Want:
        from agent.control.asking import renewal_of

        return _want(renewal_of(detail.action, seconds(values)), f"Action {entry.id} renewed")

    fields = (Field("for", "for", str(usual), "counted from now: 30m, 2h, 1d"),)
    return Form(f"Renew action {entry.id}", entry.title, fields, judge, want)


def approve(detail: ActionDetail, now: float) -> Form:
    """Exactly the change that is shown: an approval counts for no other."""
    entry = detail.entry

    def want(values: Values) -> Want:
        from agent.control.asking import decision_on

        if values["sure"] != str(entry.id):
            raise FieldError(f"type: {entry.id}, the number of the action, to confirm")
        ask = decision_on(detail.action, approve=True, note=values["note"])
        return _want(ask, f"Action {entry.id} approved")

    fields = (
        Field("sure", "type", "", f"{entry.id}, the number of the action"),
        Field("note", "note", "", "may stay empty; everybody sees it"),
    )
    return Form(f"Approve action {entry.id}", entry.title, fields, _change(detail), want, _lines(detail))


def deny(detail: ActionDetail, now: float) -> Form:
    """One no is enough."""
    entry = detail.entry

    def want(values: Values) -> Want:
        from agent.control.asking import decision_on

        ask = decision_on(detail.action, approve=False, note=values["note"])
        return _want(ask, f"Action {entry.id} denied")

    fields = (Field("note", "note", "", "why; everybody sees it"),)
    return Form(f"Deny action {entry.id}", entry.title, fields, _change(detail), want, _lines(detail))


def _change(detail: ActionDetail) -> Callable[[Values], list[str]]:
    """The exact change in lines."""
    entry = detail.entry
    said = [f"Asked for by {entry.requested_by}: {entry.reason}", *_figures(detail)]
    said += [_step(step) for step in detail.steps[:_STEPS_SHOWN]]
    if len(detail.steps) > _STEPS_SHOWN:
        said.append(f"and {len(detail.steps) - _STEPS_SHOWN} more targets: Enter on the action shows all")
    said.append(f"The approval is bound to {detail.digest[:16]}, and to nothing else.")
    return lambda values: said


def _lines(detail: ActionDetail) -> int:
    """How many lines a change takes, with a hint and a problem."""
    return min(12, 6 + len(detail.steps))


def _figures(detail: ActionDetail) -> Iterator[str]:
    """What was foreseen, of what is done at gateways."""
    seen = detail.preview
    if not seen.get("key_count"):
        return
    burn, saved = int(seen.get("burn_nano", 0)), int(seen.get("saved_nano", 0))
    share = fmt.share(Decimal(str(seen.get("production_share", "0"))))
    after = fmt.number(to_credits(burn - saved))
    yield (
        f"Hits {plural(detail.entry.keys, 'key')} of {', '.join(seen.get('teams', ())) or 'no team'}, "
        f"{share} production: {fmt.number(to_credits(burn))} → {after} credits/min"
    )
    calls, refused = int(seen.get("requests", 0)), int(seen.get("refused", 0))
    if calls:
        part = fmt.share(Decimal(refused) / calls)
        yield f"It would have refused {part} of the last hour's calls: {refused} of {calls}."


def _step(step: StepLine) -> str:
    return f"{target_words(step)}: {step.before} → {step.after}"


def _release(subject: str, reason: str, done: str) -> Want:
    from agent.control.asking import release_of

    return _want(release_of(subject, reason), done)


def _want(ask: Ask, done: str) -> Want:
    return Want(ask.kind, ask.subject, ask.payload, done)


KINDS: Mapping[Callable[..., Form], IntentKind] = {
    undo: IntentKind.RELEASE,
    undo_all: IntentKind.RELEASE,
    renew: IntentKind.RENEW,
    approve: IntentKind.APPROVE,
    deny: IntentKind.DENY,
}
"""The intent that each form becomes."""


def subject(wish: Callable[..., Form], entry: ActionEntry) -> str:
    """What a form on an action is about, as a refusal of it is put on record."""
    whole = wish is undo_all and entry.incident is not None
    return f"incident:{entry.incident}" if whole else f"action:{entry.id}"
