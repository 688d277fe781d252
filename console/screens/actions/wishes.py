"""What a person can do with an action: why not, the form for it, and the intent that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.action import ActionState
from agent.domain.action_words import spec_title
from agent.domain.duration import Duration
from agent.domain.intent import IntentKind
from agent.domain.money import to_credits
from agent.domain.person import AGENT
from agent.domain.words import plural
from console import format as fmt
from console.screens.actions.detail import target_words
from console.screens.forms.form import Field, FieldError, Form, Values
from console.wants import Want

if TYPE_CHECKING:
    from agent.control.asking import Ask
    from agent.control.undoing import Fate
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
    if any(each.state != "standby" or each.requested_by != AGENT for each in its):
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
        back = _few([f"{target_words(step)}: back to {step.before}" for step in detail.steps])
        return [*([f"▲ {detail.unseen}."] if detail.unseen else []), *back]

    return Form(
        f"{'Take back' if waits else 'Undo'} action {entry.id}",
        entry.named_fully,
        (Field("reason", "reason", "", "why; may stay empty"),),
        judge,
        lambda values: _release(
            f"action:{entry.id}", values["reason"], f"Undo of action {entry.id} asked for"
        ),
        said_lines=8,
    )


def undo_incident(incident: int, found: Sequence[Fate]) -> Form:
    """Everything that was done about an incident, by what becomes of each of its actions."""
    unseen = [f"▲ action {each.action.id}: {each.unseen}." for each in found if each.unseen]
    said = [*_few(unseen), *_few([_becomes(each) for each in found if not each.asked]), *_asked(found)]

    def want(values: Values) -> Want:
        if values["sure"] != str(incident):
            raise FieldError(f"type: {incident}, the number of the incident, to confirm")
        done = f"Undo of all of incident {incident} asked for"
        made = _release(f"incident:{incident}", values["reason"], done)
        return replace(made, then="".join(f" {each}" for each in _stays(found)))

    fields = (
        Field("sure", "type", "", f"{incident}, the number of the incident"),
        Field("reason", "reason", "", "why; may stay empty"),
    )
    title = f"Undo all of incident {incident}"
    about = plural(sum(not each.stays for each in found), "action")
    return Form(title, about, fields, lambda values: said, want, said_lines=min(12, 4 + len(said)))


def _becomes(each: Fate) -> str:
    title = spec_title(each.action.spec)
    if each.stays:
        return f"stays: {title}: {_briefly(each.stays)}"
    return f"{'takes back' if each.action.state is ActionState.STANDBY else 'undoes'} {title}"


def _stays(found: Sequence[Fate]) -> Iterator[str]:
    """What outlasts the undo, in sentences."""
    kept = [each for each in found if each.stays and not each.asked]
    if kept:
        why = "; ".join(_kept(each) for each in kept[:_STEPS_SHOWN])
        yield f"{plural(len(kept), 'action')} stay{'s' if len(kept) == 1 else ''}: {why}."
    yield from _asked(found)


def _kept(each: Fate) -> str:
    name, why = f"action {each.action.id}", _briefly(each.stays)
    return why if why.startswith(f"{name} ") else f"{name}: {why}"


def _asked(found: Sequence[Fate]) -> Iterator[str]:
    """That what the agent asks for goes on waiting."""
    asked = sum(each.asked for each in found)
    if asked:
        waits, these = ("waits", "it") if asked == 1 else ("wait", "them")
        yield f"{plural(asked, 'request')} of the agent still {waits}: approve or deny {these} (4: A, D)."


def _briefly(why: str) -> str:
    """A reason without what could be asked for instead."""
    return why.partition(": ask for")[0]


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
    return Form(f"Renew action {entry.id}", entry.named_fully, fields, judge, want)


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
    return Form(f"Approve action {entry.id}", detail.decided, fields, _change(detail), want, _lines(detail))


def deny(detail: ActionDetail, now: float) -> Form:
    """One no is enough."""
    entry = detail.entry

    def want(values: Values) -> Want:
        from agent.control.asking import decision_on

        ask = decision_on(detail.action, approve=False, note=values["note"])
        return _want(ask, f"Action {entry.id} denied")

    fields = (Field("note", "note", "", "why; everybody sees it"),)
    return Form(f"Deny action {entry.id}", detail.decided, fields, _change(detail), want, _lines(detail))


def _change(detail: ActionDetail) -> Callable[[Values], list[str]]:
    """The exact change in lines."""
    entry = detail.entry
    said = [f"Asked for by {entry.requested_by}: {entry.reason}", *_figures(detail), *_extra(detail)]
    said += [_step(step) for step in detail.steps[:_STEPS_SHOWN]]
    if len(detail.steps) > _STEPS_SHOWN:
        said.append(f"and {len(detail.steps) - _STEPS_SHOWN} more targets: Enter on the action shows all")
    said.append(f"The approval is bound to {detail.digest[:16]}, and to nothing else.")
    return lambda values: said


def _lines(detail: ActionDetail) -> int:
    """How many lines a change takes, with a hint and a problem."""
    return min(13, 6 + len(detail.steps) + sum(1 for _ in _extra(detail)))


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


def _extra(detail: ActionDetail) -> Iterator[str]:
    """That it has no end, which a narrow title loses; why one person is not enough for it."""
    from agent.control.policy import why_asked

    if detail.decided != detail.entry.named_fully:
        yield "It has no end: what it blocks stays blocked until somebody releases it."
    if why := why_asked(detail.action):
        roles = " and ".join(" or ".join(each) for each in detail.action.needs)
        yield f"It takes {roles}: {why}."


def _step(step: StepLine) -> str:
    return f"{target_words(step)}: {step.before} → {step.after}"


def _release(subject: str, reason: str, done: str) -> Want:
    from agent.control.asking import release_of

    return _want(release_of(subject, reason), done)


def _want(ask: Ask, done: str) -> Want:
    return Want(ask.kind, ask.subject, ask.payload, done)


KINDS: Mapping[Callable[..., Form], IntentKind] = {
    undo: IntentKind.RELEASE,
    undo_incident: IntentKind.RELEASE,
    renew: IntentKind.RENEW,
    approve: IntentKind.APPROVE,
    deny: IntentKind.DENY,
}
"""The intent that each form becomes."""


def subject(wish: Callable[..., Form], entry: ActionEntry) -> str:
    """What a form on an action is about, as a refusal of it is put on record."""
    whole = wish is undo_incident and entry.incident is not None
    return f"incident:{entry.incident}" if whole else f"action:{entry.id}"
