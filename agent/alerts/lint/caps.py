"""A hard cap that blocks needs a way round it, a way back and something left: nobody is to be locked out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.alerts.lint.finding import Case, Finding, Level
from agent.domain.allocation import Allocation, Scope, ScopeKind
from agent.domain.person import Person
from agent.toml_file import Key

_LEAST_APPROVERS = 2


def check_caps(case: Case) -> list[Finding]:
    """Every allocation whose hard cap blocks, for override, rollback and emergency buffer."""
    blocking = [tier for tier in case.settings.alerts.tiers if tier.action == "block" and tier.of == "month"]
    if not blocking:
        return []
    return [
        finding
        for number, allocation in enumerate(case.settings.allocations)
        for finding in (
            *_override(case, number, allocation),
            *_rollback(case, number, allocation),
            *_buffer(case, number, allocation),
        )
    ]


def _override(case: Case, number: int, allocation: Allocation) -> Iterator[Finding]:
    key: Key = ("allocations", number, "override_approvers")
    roles = allocation.override_approvers
    if len(set(roles)) < _LEAST_APPROVERS:
        yield case.finding(
            Level.ERROR,
            key,
            f"an override of the hard cap needs two roles, here are {len(set(roles))}",
            'Write override_approvers = ["finance", "engineering"], or take the key away.',
            of=allocation.id,
        )
        return
    around = _around(case, allocation.scope)
    fit = [person for person in case.settings.people if person.reaches(around)]
    if _apart(roles, fit):
        return
    have = ", ".join(f"{person.name} ({', '.join(person.roles)})" for person in fit) or "nobody"
    yield case.finding(
        Level.ERROR,
        key,
        f"the hard cap blocks and nobody can override it: that takes one person each with the roles "
        f"{' and '.join(roles)}; within the scope there is {have}",
        "Let them run `burndeck identity create` and add what it prints under [[people]].",
        of=allocation.id,
    )


def _rollback(case: Case, number: int, allocation: Allocation) -> Iterator[Finding]:
    if allocation.block_expires_s <= 0:
        yield case.finding(
            Level.ERROR,
            ("allocations", number, "block_expires"),
            "a block at the hard cap would never undo itself",
            'Write block_expires = "1h": it is renewed while the cap holds, and ends when burndeck is gone.',
            of=allocation.id,
        )


def _buffer(case: Case, number: int, allocation: Allocation) -> Iterator[Finding]:
    shared = [each for each in case.settings.allocations if each.scope.kind is ScopeKind.ORGANIZATION]
    if any(each.reserve_nano + each.buffer_nano > 0 for each in (allocation, *shared)):
        return
    yield case.finding(
        Level.ERROR,
        ("allocations", number, "emergency_buffer"),
        "nothing is left at the hard cap: no emergency buffer, no reserve, none of the organization's",
        "Set emergency_buffer, for example to a day's burn, or a reserve for the organization.",
        of=allocation.id,
    )


def _around(case: Case, scope: Scope) -> set[Scope]:
    """The scope and all that ever lay around it."""
    found = {scope, Scope(ScopeKind.ORGANIZATION)}
    for place in case.past.places if case.past else ():
        if place.within(scope):
            wider = (kind for kind in ScopeKind if 0 < kind.depth < scope.kind.depth)
            found |= {Scope(kind, place.value(kind)) for kind in wider if place.value(kind)}
    return found


def _apart(roles: Sequence[str], people: Sequence[Person]) -> bool:
    """Whether the roles can be played by different people."""
    if not roles:
        return True
    return any(
        _apart(roles[1:], [other for other in people if other is not person])
        for person in people
        if roles[0] in person.roles
    )
