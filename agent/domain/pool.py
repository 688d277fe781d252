"""The credit pool and the hierarchy above each allocation: who holds what, and what is left. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from agent.domain.allocation import Allocation, Scope, ScopeKind
from agent.domain.allocations import POOL, base_nano
from agent.domain.money import to_credits

Within = Callable[[Scope, Scope], bool]
"""Whether the first scope lies in the second, wider one."""


@dataclass
class Hierarchy:
    """Allocations in force, each below the narrowest one around it.

    What never burnt lies in nothing but the organization, and so counts against the pool.
    """

    allocations: Sequence[Allocation]
    within: Within

    @cached_property
    def parents(self) -> Mapping[str, Allocation | None]:
        """By id, what lies directly around an allocation."""
        return {each.id: self._around(each) for each in self.allocations}

    def _around(self, inner: Allocation) -> Allocation | None:
        around = [
            each
            for each in self.allocations
            if each.scope.kind.depth < inner.scope.kind.depth and self.within(inner.scope, each.scope)
        ]
        return max(around, key=lambda each: each.scope.kind.depth, default=None)

    def children(self, of: Allocation | None) -> list[Allocation]:
        """What lies directly in an allocation; of None: what lies in no other one."""
        ident = of and of.id
        return [
            each
            for each in self.allocations
            if (parent := self.parents[each.id]) is of or (parent is not None and parent.id == ident)
        ]

    @property
    def organization(self) -> Allocation | None:
        """The allocation of the organization: the pool."""
        return next((each for each in self.allocations if each.scope.kind is ScopeKind.ORGANIZATION), None)


@dataclass(frozen=True, slots=True)
class Room:
    """What an allocation has to give to those directly below it. Amounts are nano-credits a month."""

    of: Allocation
    capacity_nano: int  # its monthly credits; of the organization with the reserve
    topped_nano: int  # that top-ups of this period have taken of it
    holders: tuple[Allocation, ...]

    @property
    def held_nano(self) -> int:
        """What those below hold, without top-ups."""
        return sum(base_nano(each) for each in self.holders)

    @property
    def available_nano(self) -> int:
        """What is left; below zero where more is given than there is."""
        return self.capacity_nano - self.topped_nano - self.held_nano

    def sentence(self, most: int = 5) -> str:
        """Who holds what, with numbers."""
        first = sorted(self.holders, key=lambda each: -base_nano(each))
        held = [f"{each.id} holds {_credits(base_nano(each))}" for each in first[:most]]
        if len(first) > most:
            rest = sum(base_nano(each) for each in first[most:])
            held.append(f"{len(first) - most} more hold {_credits(rest)}")
        if self.topped_nano:
            held.append(f"top-ups took {_credits(self.topped_nano)}")
        text = f"{self.of.id} has {_credits(self.capacity_nano)} credits"
        return f"{text}: {', '.join(held)}" if held else text


def room(hierarchy: Hierarchy, of: Allocation, given: Mapping[str, int]) -> Room:
    """What an allocation has to give; `given` is what top-ups in force have taken, by their origin."""
    pool = of.scope.kind is ScopeKind.ORGANIZATION
    return Room(
        of=of,
        capacity_nano=base_nano(of) + (of.reserve_nano if pool else 0),
        topped_nano=given.get(POOL, 0) if pool else 0,
        holders=tuple(hierarchy.children(of)),
    )


def over_allocated(before: Hierarchy, after: Hierarchy, given: Mapping[str, int]) -> Room | None:
    """The first allocation that a change leaves with more given away than it has, and more than before.

    What was too much already may become less.
    """
    old = {each.id: room(before, each, given).available_nano for each in before.allocations}
    for each in _widest_first(after.allocations):
        found = room(after, each, given)
        if found.available_nano < 0 and found.available_nano < old.get(each.id, 0):
            return found
    return None


def _widest_first(allocations: Iterable[Allocation]) -> list[Allocation]:
    return sorted(allocations, key=lambda each: (each.scope.kind.depth, each.id))


def _credits(nano: int) -> str:
    credits_ = to_credits(nano)
    return f"{credits_:,.0f}" if credits_ == credits_.to_integral_value() else f"{credits_:,f}"
