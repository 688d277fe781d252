"""Where a provider's own limit can stand behind a hard cap: over all of it, or over each project alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from agent.control.gateways.base import Dialect, Hit, UnsupportedError, dialect_of
from agent.control.planning.reach import Reach
from agent.domain.action import ActionKind, ActionSpec
from agent.domain.allocation import Allocation, Scope, ScopeKind
from agent.domain.gateway import Fields, GatewayKey, Target, TargetKind, TargetState
from agent.domain.words import plural

if TYPE_CHECKING:
    from agent.control.cap_case import CapCase
    from agent.settings_gateways import Gateway

BEHIND_PERCENT = 10
"""A provider's own limit lies this far above the cap: it counts late, and is to bite after burndeck."""
_SPLIT = (ScopeKind.BILLING_GROUP, ScopeKind.DEPARTMENT, ScopeKind.TEAM)
"""Levels that may have several projects. The organization has a limit of its own, or none."""
_EVERYTHING = Scope(ScopeKind.ORGANIZATION)


@dataclass(frozen=True, slots=True)
class Place:
    """One limit behind a hard cap."""

    scope: Scope  # what the action caps
    gateway: str
    targets: tuple[Target, ...]
    fields: Fields  # that are to be set, at a target that holds nothing yet
    alone: bool = False  # one project of the allocation: no limit holds them together


@dataclass(frozen=True, slots=True)
class Places:
    """All limits behind one hard cap, and why there are no others."""

    found: tuple[Place, ...] = ()
    why: tuple[str, ...] = ()


def behind(allocation: Allocation) -> int:
    """Nano-credits at which a provider's own limit is to stand."""
    return allocation.hard_cap_nano * (100 + BEHIND_PERCENT) // 100


@dataclass
class Backing:
    """Where limits can stand, by what gateways last said of their keys. Each target is of one cap alone.

    Of several caps around a target the narrowest has it: its limit is the lowest.
    """

    case: CapCase

    def places(self, allocation: Allocation) -> Places:
        """The limits behind an allocation's hard cap."""
        if allocation.at_hard_cap == "none":
            return Places(why=("its policy does nothing at the hard cap",))
        if allocation.id not in self._known:
            self._known[allocation.id] = self._look(allocation)
        return self._known[allocation.id]

    @cached_property
    def _known(self) -> dict[str, Places]:
        return {}

    def _look(self, allocation: Allocation) -> Places:
        names = {key.api_key for key in self.case.keys(allocation.scope)}
        found: list[Place] = []
        why: list[str] = []
        for gateway in self.case.settings.gateways:
            mine = [key for key in self.case.keys_at(gateway.name) if key.api_key in names]
            if not mine or ActionKind.CAP not in dialect_of(gateway.kind).offers:
                continue
            try:
                found += self._at(gateway, allocation, mine)
            except UnsupportedError as error:
                why.append(error.message)
        if not found and not why:
            why = ["no gateway that has limits of its own serves its keys"]
        return self._without_taken(allocation, found, why)

    def _at(self, gateway: Gateway, allocation: Allocation, mine: Sequence[GatewayKey]) -> list[Place]:
        dialect = dialect_of(gateway.kind, self._rate(mine))
        try:
            return [self._place(gateway, dialect, allocation, allocation.scope, mine)]
        except UnsupportedError:
            projects = {key.project for key in mine}
            if allocation.scope.kind not in _SPLIT or len(projects) < 2 or "" in projects:
                raise
        self._inside(gateway, allocation, projects)
        found = []
        for project in sorted(projects):
            keys = [key for key in mine if key.project == project]
            scope = Scope(ScopeKind.PROJECT, project)
            found.append(self._place(gateway, dialect, allocation, scope, keys))
        return found

    def _place(
        self,
        gateway: Gateway,
        dialect: Dialect,
        allocation: Allocation,
        scope: Scope,
        keys: Sequence[GatewayKey],
    ) -> Place:
        """Raises `UnsupportedError` where the gateway has no such limit."""
        meant = {key.api_key for key in keys}
        others = [key for key in self.case.keys_at(gateway.name) if key.api_key not in meant]
        spec = ActionSpec(ActionKind.CAP, scope, amount_nano=behind(allocation), gateway=gateway.name)
        targets = tuple(dialect.targets(gateway, spec, Hit(scope, keys, others, {})))
        fields = dialect.wanted(spec, TargetState(targets[0], {}))
        return Place(scope, gateway.name, targets, fields, alone=scope != allocation.scope)

    def _inside(self, gateway: Gateway, allocation: Allocation, projects: Iterable[str]) -> None:
        """Raises `UnsupportedError` where a project has keys that the allocation does not count."""
        for project in sorted(projects):
            if others := self.others_in(project, allocation):
                shared = f"its project {project} at {gateway.name}"
                raise UnsupportedError(
                    f"{shared} also has {plural(len(others), 'key')} of others",
                    hint="A limit of a project holds all of its keys.",
                )

    def others_in(self, project: str, allocation: Allocation) -> set[str]:
        """Keys of a project that an allocation does not count."""
        return self._in_project.get(project, set()) - self._counted(allocation)

    def others_at(self, target: Target, allocation: Allocation) -> set[str]:
        """Keys that a limit at a target holds, and that an allocation does not count."""
        if target.kind is TargetKind.PROJECT:
            return self.others_in(target.id, allocation)
        reach = self._reaches.get(target.gateway)
        return {key.api_key for key in reach.of(target)} - self._counted(allocation) if reach else set()

    def _counted(self, allocation: Allocation) -> set[str]:
        if allocation.scope not in self._counts:
            self._counts[allocation.scope] = {key.api_key for key in self.case.keys(allocation.scope)}
        return self._counts[allocation.scope]

    @cached_property
    def _counts(self) -> dict[Scope, set[str]]:
        return {}

    @cached_property
    def _reaches(self) -> dict[str, Reach]:
        return {
            each.name: Reach(dialect_of(each.kind), self.case.keys_at(each.name))
            for each in self.case.settings.gateways
        }

    @cached_property
    def _in_project(self) -> dict[str, set[str]]:
        """Keys of every project, by usage and by what any gateway says."""
        found: dict[str, set[str]] = {}
        for key in self.case.keys(_EVERYTHING):
            found.setdefault(key.project, set()).add(key.api_key)
        for gateway in self.case.settings.gateways:
            for served in self.case.keys_at(gateway.name):
                found.setdefault(served.project, set()).add(served.api_key)
        return found

    def _without_taken(self, allocation: Allocation, found: Sequence[Place], why: list[str]) -> Places:
        kept = []
        taken: dict[tuple[str, str], list[str]] = {}  # by gateway and whose they are
        for place in found:
            owner = next(self._owners(allocation, place), None)
            if owner is None:
                kept.append(place)
            else:
                taken.setdefault((place.gateway, owner.id), []).append(str(place.scope))
        for (gateway, owner_id), scopes in taken.items():
            which = f"limit of {scopes[0]}" if len(scopes) == 1 else f"limits of {len(scopes)} projects"
            verb = "is that" if len(scopes) == 1 else "are those"
            why.append(f"the {which} at {gateway} {verb} of {owner_id}")
        return Places(tuple(kept), tuple(dict.fromkeys(why)))

    def _owners(self, allocation: Allocation, place: Place) -> Iterator[Allocation]:
        """Narrower allocations whose limit stands at the same target."""
        if allocation.scope.kind is ScopeKind.ORGANIZATION:
            return
        keys = self.case.keys(place.scope) if self._inner(allocation) else []
        for each in self._inner(allocation):
            if keys and all(key.within(each.scope) for key in keys):
                other = self.places(each).found
                if any(set(one.targets) & set(place.targets) for one in other):
                    yield each

    def _inner(self, allocation: Allocation) -> list[Allocation]:
        """Allocations of narrower levels, the narrowest first."""
        depth = allocation.scope.kind.depth
        return [each for each in self._by_depth if each.scope.kind.depth > depth]

    @cached_property
    def _by_depth(self) -> list[Allocation]:
        return sorted(self.case.settings.allocations, key=lambda each: -each.scope.kind.depth)

    @cached_property
    def _groups(self) -> dict[str, str]:
        return {key.api_key: key.billing_group for key in self.case.keys(_EVERYTHING)}

    def _rate(self, keys: Iterable[GatewayKey]) -> Decimal:
        groups = {self._groups[key.api_key] for key in keys if key.api_key in self._groups}
        return self.case.settings.usd_per_credit(groups.pop() if len(groups) == 1 else "")
