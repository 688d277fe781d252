"""The tree of allocations: what each has, gives and has used, what is left of the pool, what is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.allocations import hierarchy, settings_now
from agent.domain.action import Action, ActionKind, ActionState
from agent.domain.action_words import spec_title
from agent.domain.allocation import Allocation
from agent.domain.allocations import base_nano, given
from agent.domain.audit import NOT_OURS
from agent.domain.backstop import Backed, Backstop
from agent.domain.levels import level_of
from agent.domain.money import to_credits
from agent.domain.pool import Hierarchy, room
from agent.reports.allocation_burn import burning_at
from agent.reports.budgets import binding_of, budgets
from agent.reports.burn_report import Budget
from agent.reports.figure import Figure
from agent.reports.moment import moment

if TYPE_CHECKING:
    from agent.ledger.allocation_changes import ForgedChange
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_WAITING = (ActionState.STANDBY, ActionState.PENDING, ActionState.EXECUTING)


@dataclass(frozen=True, slots=True)
class PendingChange:
    """A change of an allocation that is asked for and not in force yet."""

    action: int
    kind: str  # top_up | allocate
    state: str
    text: str
    change: Mapping[str, Any]  # nano-credits, shares as text
    asked_by: str
    reason: str
    needs: tuple[tuple[str, ...], ...]  # roles, one person each
    approve_by: int | None


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One allocation in its place. Figures of what is given are credits a month, and have no layer."""

    depth: int
    level: str  # of the guide's table
    budget: Budget
    owner: str
    given: Figure  # without top-ups and what was carried on
    topped_up: Figure
    carried_on: Figure  # from last month
    held_below: Figure  # by the allocations directly below it
    rollover: Decimal  # share of the month that may be carried on
    expires: str
    cost_center: str
    approved_models: tuple[str, ...]
    pending: tuple[PendingChange, ...]
    binding: str = ""  # id of the allocation whose cap is reached first, of this one and those around it
    backstop: Backstop | None = None  # the provider's own limit behind its cap; None where nobody asked
    forged: tuple[str, ...] = ()  # changes of it that are not as the agent wrote them, and what holds


@dataclass(frozen=True, slots=True)
class PoolView:
    """What the organization has to give this month, and what is left of it."""

    allocation_id: str
    size: Figure  # monthly credits and reserve
    held: Figure  # by those directly below
    topped_up: Figure  # by top-ups of this month
    available: Figure  # below zero where more is given away than there is


@dataclass(frozen=True, slots=True)
class AllocationTree:
    """Everything on the Allocations screen at one instant."""

    at: int
    now: int
    live: bool
    pool: PoolView | None  # None: the organization has no allocation
    rows: tuple[TreeRow, ...]  # each parent before its children
    new: tuple[PendingChange, ...]  # changes of what has no allocation yet
    forged: tuple[str, ...] = ()  # changes that are not as the agent wrote them, of any allocation

    def row(self, allocation_id: str) -> TreeRow | None:
        """The row of an id."""
        return next((row for row in self.rows if row.budget.allocation_id == allocation_id), None)


def allocation_tree(
    reader: LedgerReader,
    settings: Settings,
    now: float,
    *,
    at: float | None = None,
    backed: Backed | None = None,
) -> AllocationTree:
    """The allocations that hold now, or at an earlier instant `at`, with their burn.

    `backed` says what stands behind their caps; it knows of now alone.
    """
    with reader.snapshot():
        when = moment(reader, now, at)
        actions = reader.action_store()
        moment_s = when.now if at is None else when.at
        settings = settings_now(settings, actions, moment_s)
        tree = hierarchy(settings, reader.alert_store())
        forged = actions.forged_changes(moment_s)
        taken = given(actions.allocation_changes(moment_s))
        burning = burning_at(reader, settings, when)
        found, _ = budgets(settings.allocations, burning)
        by_id = {row.allocation_id: row for row in found}
        waiting = (
            [_pending(action) for action in actions.open_actions() if _waits(action)] if at is None else []
        )
        behind = backed(reader, settings, when.now, None) if backed and at is None else {}
        rows = tuple(
            _row(
                depth,
                each,
                by_id[each.id],
                tree,
                _of(waiting, str(each.scope)),
                binding_of(_chain(tree, each), burning),
                behind.get(each.id),
                tuple(not_ours(change) for change in forged if change.of(each.id)),
            )
            for depth, each in _walk(tree, None, 0)
        )
        known = {str(each.scope) for each in settings.allocations}
        new = tuple(change for of, change in waiting if of not in known)
        return AllocationTree(
            when.at, when.now, when.live, _pool(tree, taken), rows, new, tuple(map(not_ours, forged))
        )


def not_ours(change: ForgedChange) -> str:
    """That a change cannot be believed, and what holds in its place."""
    return f"{NOT_OURS}: {change.words}"


def _walk(tree: Hierarchy, of: Allocation | None, depth: int) -> Iterator[tuple[int, Allocation]]:
    for each in sorted(tree.children(of), key=lambda each: each.scope.kind.depth):
        yield depth, each
        yield from _walk(tree, each, depth + 1)


def _chain(tree: Hierarchy, each: Allocation | None) -> Iterator[Allocation]:
    """An allocation and those around it, itself first."""
    while each is not None:
        yield each
        each = tree.parents[each.id]


def _row(
    depth: int,
    allocation: Allocation,
    budget: Budget,
    tree: Hierarchy,
    pending: tuple[PendingChange, ...],
    binding: str,
    backstop: Backstop | None,
    forged: tuple[str, ...],
) -> TreeRow:
    return TreeRow(
        depth=depth,
        level=level_of(allocation.scope.kind).name,
        budget=budget,
        owner=allocation.owner,
        given=_credits(base_nano(allocation)),
        topped_up=_credits(allocation.topped_nano),
        carried_on=_credits(allocation.carried_nano),
        held_below=_credits(sum(base_nano(each) for each in tree.children(allocation))),
        rollover=allocation.rollover,
        expires=allocation.expires,
        cost_center=allocation.cost_center,
        approved_models=allocation.approved_models,
        pending=pending,
        binding=binding,
        backstop=backstop,
        forged=forged,
    )


def _pool(tree: Hierarchy, taken: Mapping[str, int]) -> PoolView | None:
    whole = tree.organization
    if whole is None:
        return None
    found = room(tree, whole, taken)
    return PoolView(
        allocation_id=whole.id,
        size=_credits(found.capacity_nano),
        held=_credits(found.held_nano),
        topped_up=_credits(found.topped_nano),
        available=_credits(found.available_nano),
    )


def _waits(action: Action) -> bool:
    """Whether an allocation is about to change; what a drill asks for never changes one."""
    spec = action.spec
    return (
        spec.kind in (ActionKind.TOP_UP, ActionKind.ALLOCATE) and not spec.drill and action.state in _WAITING
    )


def _pending(action: Action) -> tuple[str, PendingChange]:
    spec = action.spec
    topped = {"top_up_nano": spec.amount_nano}
    change = PendingChange(
        action=action.id or 0,
        kind=spec.kind.value,
        state=action.state.value,
        text=spec_title(spec),
        change=topped if spec.kind is ActionKind.TOP_UP else dict(spec.change),
        asked_by=action.requested_by,
        reason=action.reason,
        needs=action.needs,
        approve_by=action.approve_by,
    )
    return str(spec.scope), change


def _of(waiting: Iterable[tuple[str, PendingChange]], scope: str) -> tuple[PendingChange, ...]:
    return tuple(change for of, change in waiting if of == scope)


def _credits(nano: int) -> Figure:
    return Figure(to_credits(nano), "credits")
