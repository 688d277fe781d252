"""Who may do what: one table, which the console asks early and the agent asks again."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from agent.domain.action import Needs
from agent.domain.intent import IntentKind
from agent.domain.person import Person, Role

_ON_CALL = frozenset({Role.OPERATOR, Role.ENGINEERING, Role.LEAD, Role.FINANCE, Role.ADMIN})

ACTING = frozenset({Role.OPERATOR, Role.ENGINEERING, Role.LEAD, Role.ADMIN})
"""Who holds calls back, and undoes it."""

ALLOWED: Mapping[IntentKind, frozenset[Role]] = {
    IntentKind.ACKNOWLEDGE: _ON_CALL,
    IntentKind.SILENCE: _ON_CALL,
    IntentKind.UNSILENCE: _ON_CALL,
    IntentKind.PLANNED_ACTIVITY: _ON_CALL,
    IntentKind.THROTTLE: ACTING,
    IntentKind.BLOCK: ACTING,
    IntentKind.MODELS: ACTING,
    IntentKind.TOOLS: ACTING,
    IntentKind.CAP: frozenset({Role.FINANCE, Role.ENGINEERING, Role.ADMIN}),
    IntentKind.REVOKE: frozenset({Role.ENGINEERING, Role.ADMIN}),
    IntentKind.TOP_UP: _ON_CALL,
    IntentKind.ALLOCATE: frozenset({Role.FINANCE}),
    IntentKind.BREAK_GLASS: ACTING,
    IntentKind.AMEND: _ON_CALL,
    IntentKind.APPROVE: _ON_CALL,
    IntentKind.DENY: _ON_CALL,
    IntentKind.RELEASE: _ON_CALL,  # what of it finance may undo is its own question
    IntentKind.RENEW: _ON_CALL,  # finance what took its approval, and nothing else
    IntentKind.ASSESS: frozenset({Role.ENGINEERING, Role.LEAD, Role.ADMIN}),
    IntentKind.POSTMORTEM: _ON_CALL,
    IntentKind.WITHDRAW: _ON_CALL,  # of what they signed themselves, and of nothing else
    IntentKind.REFUSED_ASK: frozenset(Role),  # a note for the audit log; it does nothing
    IntentKind.START_RUN: _ON_CALL,  # a runbook may name fewer roles, and so may a step
    IntentKind.RUN_STEP: _ON_CALL,
    IntentKind.HOLD_RUN: _ON_CALL,
    IntentKind.CLOSE_RUN: _ON_CALL,
}
"""Roles of which one is enough. A kind that is missing here is allowed to nobody."""


def may(person: Person, kind: IntentKind) -> bool:
    """Whether one of a person's roles allows this kind of intent; its scopes are another question."""
    return not ALLOWED.get(kind, frozenset()).isdisjoint(person.roles)


_DEEDS = {
    IntentKind.PLANNED_ACTIVITY: "plan an activity",
    IntentKind.MODELS: "limit models",
    IntentKind.TOOLS: "limit hosted tools",
    IntentKind.POSTMORTEM: "write a postmortem",
}
"""Of kinds whose own names are no verbs."""


def deed(kind: IntentKind) -> str:
    """What somebody may do or not, as a verb: `top up`."""
    return _DEEDS.get(kind, kind.value.replace("_", " "))


def refusal(person: Person, kind: IntentKind) -> str:
    """Why a person may not: `ada may not allocate: it takes finance; ada has the role operator`."""
    return f"{person.name} may not {deed(kind)}: it takes {takes(kind)}; {roles_words(person)}"


def roles_words(person: Person) -> str:
    """`ada has the role operator`."""
    return f"{person.name} has {'the role ' + ', '.join(person.roles) if person.roles else 'no role'}"


def takes(kind: IntentKind) -> str:
    """The roles of which one is enough, in words."""
    needed = sorted(ALLOWED.get(kind, frozenset()))
    return (
        " or ".join([", ".join(needed[:-1]), needed[-1]] if len(needed) > 1 else needed) or "what nobody has"
    )


def missing_people(needs: Needs, people: Collection[Person], but: Collection[str] = ()) -> Needs:
    """The approvals that nobody of these people, `but` nobody of those names, could give: one person, one."""
    return _unfilled(needs, [{role.value for role in each.roles} for each in people if each.name not in but])


def _unfilled(needs: Needs, people: list[set[str]]) -> Needs:
    if not needs:
        return ()
    first, *rest = needs
    fitting = {frozenset(roles): place for place, roles in enumerate(people) if not roles.isdisjoint(first)}
    with_one = (_unfilled(tuple(rest), [*people[:at], *people[at + 1 :]]) for at in fitting.values())
    return min((*with_one, (first, *_unfilled(tuple(rest), people))), key=len)


def nobody_words(missing: Needs) -> str:
    """`nobody here can approve as finance`, or nothing."""
    roles = " and ".join(" or ".join(each) for each in missing)
    return f"nobody here can approve as {roles}" if roles else ""
