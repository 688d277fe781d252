"""Allocations beside each other: larger than what they lie in, cutting across, or of nobody."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from itertools import combinations

from agent.alerts.lint.finding import Case, Finding, Level, Past
from agent.domain.allocation import Allocation, Scope, ScopeKind
from agent.domain.money import to_credits

_Numbered = tuple[int, Allocation]


def check_hierarchy(case: Case) -> list[Finding]:
    """Children against parents; what only the ledger can tell is left out without one."""
    numbered = list(enumerate(case.settings.allocations))
    found = [*_larger(case, numbered), *_oversubscribed(case, numbered)]
    if case.past is not None and case.past.places:
        found += [*_across(case, case.past, numbered), *_of_nobody(case, case.past, numbered)]
    return found


def _larger(case: Case, numbered: list[_Numbered]) -> Iterator[Finding]:
    for number, child in numbered:
        around = [parent for _, parent in numbered if _inside(case, child.scope, parent.scope)]
        parent = min(around, key=lambda each: each.hard_cap_nano, default=None)
        if parent is not None and child.hard_cap_nano > parent.hard_cap_nano:
            yield case.finding(
                Level.WARNING,
                ("allocations", number, "monthly_credits"),
                f"{child.id} may burn {_credits(child.hard_cap_nano)} credits a month, more than {parent.id} "
                f"around it ({_credits(parent.hard_cap_nano)}): its own cap never bites",
                "Lower it, or raise the one around it.",
            )


def _oversubscribed(case: Case, numbered: list[_Numbered]) -> Iterator[Finding]:
    for number, parent in numbered:
        below = [each for _, each in numbered if _inside(case, each.scope, parent.scope)]
        children = [
            each for each in below if not any(_inside(case, each.scope, other.scope) for other in below)
        ]
        whole = sum(each.monthly_nano for each in children)
        if len(children) > 1 and whole > parent.monthly_nano:
            yield case.finding(
                Level.NOTE,
                ("allocations", number, "monthly_credits"),
                f"the {len(children)} allocations within {parent.id} add up to {_credits(whole)} credits, "
                f"more than its {_credits(parent.monthly_nano)}",
                "That is fine where not all use theirs up; else its cap bites before theirs.",
            )


def _across(case: Case, past: Past, numbered: list[_Numbered]) -> Iterator[Finding]:
    for (_, one), (number, other) in combinations(numbered, 2):
        if ScopeKind.ORGANIZATION in (one.scope.kind, other.scope.kind) or one.scope.kind is other.scope.kind:
            continue
        found = {(place.within(one.scope), place.within(other.scope)) for place in past.places}
        if found >= {(True, True), (True, False), (False, True)}:
            yield case.finding(
                Level.WARNING,
                ("allocations", number, "scope"),
                f"{one.id} and {other.id} overlap without one lying in the other: some burn counts in both",
                f"Split {one.scope} from {other.scope} in the owners registry, or allocate one level only.",
            )


def _of_nobody(case: Case, past: Past, numbered: list[_Numbered]) -> Iterator[Finding]:
    for number, allocation in numbered:
        scope = allocation.scope
        if any(place.within(scope) for place in past.places):
            continue
        names = sorted({place.value(scope.kind) for place in past.places} - {""})
        near = difflib.get_close_matches(scope.value, names, n=1)
        yield case.finding(
            Level.WARNING,
            ("allocations", number, "scope"),
            f"nothing has ever burnt in {scope}, so {allocation.id} never alerts",
            f"Did you mean {scope.kind.value}:{near[0]}?"
            if near
            else "Check the name, or the owners registry.",
        )


def _inside(case: Case, inner: Scope, outer: Scope) -> bool:
    """Whether all that the ledger knows of the inner scope lies in the outer one."""
    if outer.kind is ScopeKind.ORGANIZATION:
        return inner.kind is not ScopeKind.ORGANIZATION
    if case.past is None or outer.kind.depth >= inner.kind.depth:
        return False
    places = [place for place in case.past.places if place.within(inner)]
    return bool(places) and all(place.within(outer) for place in places)


def _credits(nano: int) -> str:
    return f"{to_credits(nano):,.0f}"
