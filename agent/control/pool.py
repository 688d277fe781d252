"""The credit pool: what is left to give, and what a top-up or a changed allocation would take of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from agent.allocations import hierarchy, settings_now, within
from agent.analytics.month import month_of
from agent.control.allocation_change import checked, problem_of
from agent.control.allocation_words import amount_words, difference_words, differing
from agent.control.cap_lifted import cap_words
from agent.control.planning.plan import Plan
from agent.control.policy import needs
from agent.domain.action import ActionKind, ActionSpec, Step
from agent.domain.allocation import Allocation, ScopeKind
from agent.domain.allocations import FIELDS, FROM, POOL, TOP_UP, base_nano, given, in_force, plain
from agent.domain.gateway import Target, TargetKind
from agent.domain.intent import Refused
from agent.domain.pool import Hierarchy, Room, over_allocated, room
from agent.domain.words import instant
from agent.ledger.allocation_changes import AllocationChange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.control.planning.books import Books
    from agent.settings import Settings

GATEWAY = "burndeck"
"""The gateway of targets that are allocations."""
UNTIL = "until"
_MOST_EARLIER = 3  # top-ups that are told beside another one


@dataclass
class Pool:
    """The allocations of a moment, what they hold of each other, and what top-ups took."""

    books: Books
    settings: Settings  # with the allocations of the moment
    now: float

    @cached_property
    def tree(self) -> Hierarchy:
        """Which allocation lies in which."""
        return hierarchy(self.settings, self.books.alerts)

    @cached_property
    def changes(self) -> list[AllocationChange]:
        """The changes that hold."""
        return self.books.actions.allocation_changes(int(self.now))

    @cached_property
    def given(self) -> Mapping[str, int]:
        """What top-ups took, by where it came from."""
        return given(self.changes)

    @property
    def room(self) -> Room:
        """What the organization has to give; `Refused` where nobody has said how much that is."""
        whole = self.tree.organization
        if whole is None:
            raise Refused(
                "there is no credit pool: burndeck.toml has no allocation with the scope organization"
            )
        return room(self.tree, whole, self.given)

    def after(self, change: AllocationChange) -> Hierarchy:
        """The allocations as they would be with one more change."""
        zone = self.settings.organization.time_zone
        configured = self.settings.configured_allocations
        allocations = in_force(configured, [*self.changes, change], self.now, zone)
        return Hierarchy(allocations, within(self.books.alerts))

    def allocation(self, spec: ActionSpec) -> Allocation:
        """The allocation of a change's scope."""
        found = next((each for each in self.settings.allocations if each.scope == spec.scope), None)
        if found is None:
            raise Refused(f"{spec.scope} has no allocation: finance creates one first")
        return found


def pool_of(books: Books, settings: Settings, now: float) -> Pool:
    """The pool as it is at `now`."""
    return Pool(books, settings_now(settings, books.actions, now), now)


def available(books: Books, settings: Settings, now: float) -> int:
    """Nano-credits of the pool that nobody holds: below zero where more is given away than there is."""
    return pool_of(books, settings, now).room.available_nano


def plan_allocation(books: Books, settings: Settings, spec: ActionSpec, now: float) -> Plan:
    """What a top-up or a changed allocation would do. Raises `Refused` with the numbers."""
    pool = pool_of(books, settings, now)
    step, notes = (_top_up if spec.kind is ActionKind.TOP_UP else _allocate)(pool, spec)
    approvers = pool.allocation(spec).override_approvers if spec.kind is ActionKind.TOP_UP else ()
    return Plan(
        spec=spec,
        steps=(step,),
        keys=(),
        needs=needs(spec, production=False, approvers=approvers),
        notes=tuple(notes),
        data_at=books.complete_to(now),
    )


def change_of(step: Step, action: int, now: int) -> AllocationChange:
    """What the ledger keeps of a planned step."""
    change = dict(step.want)
    return AllocationChange(action, step.target.id, change, now, change.pop(UNTIL, None))


def _top_up(pool: Pool, spec: ActionSpec) -> tuple[Step, list[str]]:
    allocation = pool.allocation(spec)
    origin = (_from_buffers if spec.emergency else _from_pool)(pool, allocation, spec.amount_nano)
    zone = pool.settings.organization.time_zone
    until = month_of(int(pool.now), zone).end
    topped = allocation.monthly_nano + spec.amount_nano
    ends = datetime.fromtimestamp(until, ZoneInfo(zone))
    before, after = amount_words(allocation.monthly_nano), amount_words(topped)
    words = f"{before} -> {after} credits until {ends:%Y-%m-%d %H:%M %Z}"
    want: dict[str, Any] = {TOP_UP: spec.amount_nano, UNTIL: until, FROM: origin}
    notes = cap_words(pool.books, allocation, spec.amount_nano, zone, pool.now)
    notes.append(f"comes from {_origin_words(origin)}, and ends with the month")
    earlier = [each for each in pool.changes if each.allocation == allocation.id and TOP_UP in each.change]
    notes += [
        f"{amount_words(each.change[TOP_UP])} credits were given on {instant(each.starts_at)} already, "
        f"by action {each.action}"
        for each in earlier[-_MOST_EARLIER:]
    ]
    above = pool.tree.parents[allocation.id]
    if above is not None and int(topped * allocation.hard_cap) > above.hard_cap_nano:
        notes.append(
            f"the hard cap of {above.id} around it bites before ({amount_words(above.hard_cap_nano)})"
        )
    return _step(allocation.id, want, {}, words), notes


def _from_pool(pool: Pool, allocation: Allocation, amount: int) -> dict[str, int]:
    found = pool.room
    left = found.available_nano
    if allocation.scope.kind is ScopeKind.ORGANIZATION:
        mine = sum(each.change.get(TOP_UP, 0) for each in pool.changes if each.allocation == allocation.id)
        left = min(left, allocation.reserve_nano - mine)  # there is nothing around it but its reserve
    if amount > left:
        raise Refused(
            f"the pool is short: {amount_words(amount)} credits are asked for {allocation.id}, "
            f"{amount_words(max(left, 0))} are available. {found.sentence()}"
        )
    return {POOL: amount}


def buffers_left(pool: Pool, allocation: Allocation) -> dict[str, int]:
    """Nano-credits that a broken glass could still take this month, by who holds them, in that order."""
    whole = pool.tree.organization
    holders = [allocation, *([whole] if whole is not None and whole.id != allocation.id else [])]
    return {each.id: max(each.buffer_nano - pool.given.get(each.id, 0), 0) for each in holders}


def _from_buffers(pool: Pool, allocation: Allocation, amount: int) -> dict[str, int]:
    left = buffers_left(pool, allocation)
    origin: dict[str, int] = {}
    missing = amount
    for ident, nano in left.items():
        if taken := min(nano, missing):
            origin[ident] = taken
            missing -= taken
    if missing:
        have = ", ".join(f"{ident} has {amount_words(nano)}" for ident, nano in left.items())
        raise Refused(
            f"the emergency buffer is short: {amount_words(amount)} credits are asked for {allocation.id}, "
            f"and of buffers {have} left this month"
        )
    return origin


def _allocate(pool: Pool, spec: ActionSpec) -> tuple[Step, list[str]]:
    after = checked(pool.settings, spec)
    ident = str(spec.change["id"])
    want = {name: value for name, value in spec.change.items() if name != "id"}
    before = next((each for each in pool.settings.allocations if each.id == ident), None)
    if before is not None:
        want.pop("create", None)
        want.pop("scope", None)
    else:
        want["scope"] = str(spec.scope)
    change = AllocationChange(-1, ident, want, int(pool.now))
    tree = pool.after(change)
    if after is not None and after.id not in {each.id for each in tree.allocations}:
        raise Refused(f"{ident} would not hold: burndeck.toml has it with another end, or its scope has one")
    if after is not None and (problem := problem_of(after, tree.organization)):
        raise Refused(problem)
    _check_room(pool, spec, tree, before)
    words = difference_words(before, after)
    if before is None or after is None:
        return _step(ident, want, plain(before, sorted(FIELDS)) if before else {}, words), _notes(
            before, after
        )
    names = differing(before, after)
    if not names:
        raise Refused(f"nothing changes: {ident} is so already")
    want = {name: value for name, value in want.items() if name in names}
    return _step(ident, want, plain(before, names), words), _notes(before, after)


def _check_room(pool: Pool, spec: ActionSpec, tree: Hierarchy, before: Allocation | None) -> None:
    """No allocation may give away more than it has."""
    if before is not None and before.scope.kind is ScopeKind.ORGANIZATION and tree.organization is None:
        if len(tree.allocations) > 0:
            raise Refused(
                f"{before.id} is the pool of {len(tree.allocations)} allocations: retire them first"
            )
        return
    if tree.organization is None:
        raise Refused("there is no credit pool: allocate credits to the organization first")
    short = over_allocated(pool.tree, tree, pool.given)
    if short is None:
        return
    held = next((each for each in short.holders if each.scope == spec.scope), None)
    if held is None:
        raise Refused(
            f"{short.of.id} would give away {amount_words(-short.available_nano)} credits more than it has: "
            f"{short.sentence()}"
        )
    asked = base_nano(held)
    raise Refused(
        f"the pool is short: {amount_words(asked)} credits are asked for {held.id}, "
        f"{amount_words(max(short.available_nano + asked, 0))} are available. "
        f"{replace(short, holders=tuple(each for each in short.holders if each.id != held.id)).sentence()}"
    )


def _notes(before: Allocation | None, after: Allocation | None) -> list[str]:
    if after is None:
        return ["its burn counts from then on against what lies around it alone"]
    return [] if before else ["it holds until it is changed; burndeck.toml need not name it"]


def _step(ident: str, want: Mapping[str, Any], before: Mapping[str, Any], detail: str) -> Step:
    return Step(0, Target(GATEWAY, TargetKind.ALLOCATION, ident), want, before, detail=detail)


def _origin_words(origin: Mapping[str, int]) -> str:
    return ", ".join(
        f"the pool ({amount_words(nano)})" if name == POOL else f"the buffer of {name} ({amount_words(nano)})"
        for name, nano in origin.items()
    )
