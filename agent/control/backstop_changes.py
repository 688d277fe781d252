"""What providers' own limits behind hard caps call for: begun near a cap, moved with it, and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.control.backstop_places import BEHIND_PERCENT, Backing, behind
from agent.control.cap_case import unanswered
from agent.control.proposal import Proposal
from agent.domain.action import Action, ActionKind, ActionSpec, ActionState
from agent.domain.alert import WARNING, tier_rank
from agent.domain.allocation import Allocation, ScopeKind
from agent.domain.allocations import TOP_UP, ledger_part

if TYPE_CHECKING:
    from agent.control.cap_case import CapCase
    from agent.domain.alert import Alert

_WHOLE = Decimal(1)
_HARDLY = 2
"""The part, as a divisor, of its distance from the cap by which a limit that waits may be off."""
_TOO_LOW = Decimal("Infinity")
"""Of what may wait, a limit that would refuse what people have agreed to comes first."""


def used_of(allocation: Allocation, alert: Alert) -> Decimal:
    """How much of its hard cap an allocation had used when an alert was judged last."""
    return Decimal(alert.signal.current_nano) / max(allocation.hard_cap_nano, 1)


def limits(case: CapCase, near: Mapping[str, Alert | None]) -> Iterator[Proposal]:
    """Providers' own limits: `near` has the alert of each allocation whose cap is near.

    A cap that was raised far has no alert any more, and its old limit would bite long before the next one.
    """
    backing = Backing(case)
    mine = [each for each in case.mine if each.spec.kind is ActionKind.CAP and each.alert is not None]
    active = [each for each in mine if each.state.active]
    shared = {each.id: found for each in mine if (found := shared_by(case, backing, each))}
    for action in mine:
        if action.id in shared:
            yield _taken_back(action, shared[action.id])
    yield from _outdated(case, [each for each in mine if each.id not in shared])
    standing = {(each.spec.scope, each.spec.gateway): each for each in active if each.id not in shared}
    for allocation in case.settings.allocations:
        alert = near.get(allocation.id)
        if alert is not None:
            for spec in _limits_behind(backing, allocation):
                used = used_of(allocation, alert)
                yield from _limit(
                    case, allocation, spec, alert.incident, alert.id, used, tier=alert.signal.tier
                )
        elif _any_below(standing.values(), allocation):
            for spec in _limits_behind(backing, allocation):
                held = standing.get((spec.scope, spec.gateway))
                if held is not None and held.spec.amount_nano < spec.amount_nano:
                    yield from _limit(case, allocation, spec, held.incident, held.alert, _TOO_LOW)


def allocation_of(case: CapCase, action: Action) -> Allocation | None:
    """The allocation behind whose cap a limit stands, where there still is one."""
    alert = case.books.alerts.alert(action.alert) if action.alert is not None else None
    if alert is None:
        return None
    return next((each for each in case.settings.allocations if each.id == alert.signal.allocation_id), None)


def shared_by(case: CapCase, backing: Backing, action: Action) -> str:
    """What a limit stands at, if it also holds keys that the cap behind it does not count: `project p1`."""
    allocation = allocation_of(case, action)
    if allocation is None or allocation.scope.kind in (ScopeKind.ORGANIZATION, ScopeKind.PROJECT):
        return ""
    shared = [step.target for step in action.steps if backing.others_at(step.target, allocation)]
    if shared:  # what would be set again at once is not taken back: a gateway may know better than usage
        set_again = {target for place in backing.places(allocation).found for target in place.targets}
        shared = [each for each in shared if each not in set_again]
    return f"{shared[0].kind.value} {shared[0].id}" if shared else ""


def _outdated(case: CapCase, mine: Iterable[Action]) -> Iterator[Proposal]:
    """What waits for approvals at an amount that the cap no longer calls for: approved now, it would bite."""
    for action in mine:
        if action.state is ActionState.STANDBY and (reason := _over(allocation_of(case, action), action)):
            yield Proposal(action.spec, reason, True, action.incident, action.alert, release=action.id)


def _over(allocation: Allocation | None, action: Action) -> str:
    """Why a limit is not called for any more; empty while it is."""
    if allocation is None:
        return "the allocation whose cap it was for holds no more"
    if allocation.at_hard_cap == "none":
        return f"the policy of {allocation.id} does nothing at the hard cap any more"
    return (
        "" if _will_do(allocation, action.spec.amount_nano) else "the cap has changed since it was asked for"
    )


def _will_do(allocation: Allocation, amount_nano: int) -> bool:
    """Whether a limit that waits for people may stay as it is: the cap has hardly moved since."""
    belongs = behind(allocation)
    return abs(amount_nano - belongs) * _HARDLY <= belongs - allocation.hard_cap_nano


def _taken_back(action: Action, place: str) -> Proposal:
    reason = f"a limit of {place} by now also holds keys that the cap does not count"
    return Proposal(action.spec, reason, True, action.incident, action.alert, release=action.id)


def _any_below(standing: Iterable[Action], allocation: Allocation) -> bool:
    """Whether a limit that may be this allocation's lies too low; a cheap look before a dear one."""
    belongs = behind(allocation)
    return any(
        each.spec.amount_nano < belongs
        and (each.spec.scope == allocation.scope or each.spec.scope.kind is ScopeKind.PROJECT)
        for each in standing
    )


def _limits_behind(backing: Backing, allocation: Allocation) -> Iterator[ActionSpec]:
    """One for each place: where two gateways serve a key, one action for both would stop at the first."""
    for place in backing.places(allocation).found:
        yield ActionSpec(ActionKind.CAP, place.scope, amount_nano=behind(allocation), gateway=place.gateway)


def _limit(
    case: CapCase,
    allocation: Allocation,
    spec: ActionSpec,
    incident: int | None,
    alert: int | None,
    used: Decimal,
    *,
    tier: str = WARNING,
) -> Iterator[Proposal]:
    """The limit at this amount, unless that was the last answer for its place."""
    # What top-ups have given, people have agreed to; what lies below it must be what was set last.
    last = _set_last(case, spec)
    set_last = last.spec.amount_nano if last else 0
    base = _with_top_ups(allocation, 0)
    covered = base <= _agreed(case, allocation)
    if last is not None and not covered:
        covered = _with_top_ups(allocation, _topped_at(case, allocation, last.requested_at)) <= set_last
    answers = case.answers_of(spec.scope, ActionKind.CAP, spec.gateway)
    # One below what was agreed on would refuse calls: that is asked again. A first limit need not be taken:
    # it is asked for once at each tier, the nearer the cap comes.
    agreed = covered and set_last < spec.amount_nano
    asked = sum(unanswered(each) for each in answers if each.amount_nano == spec.amount_nano)
    again = agreed or asked <= tier_rank(tier) - tier_rank(WARNING)
    same = bool(answers) and (
        answers[-1].amount_nano == spec.amount_nano
        or (answers[-1].state is ActionState.STANDBY and _will_do(allocation, answers[-1].amount_nano))
    )
    if same and not (again and case.asks_again(answers[-1])):
        return
    what = f"the provider's own limit at {spec.gateway}"
    if spec.scope != allocation.scope:
        what += f" of {spec.scope} alone, so that no single project of it passes the cap far"
    yield Proposal(
        spec,
        f"{allocation.id}: {what}, {BEHIND_PERCENT} % above the hard cap",
        case.automatic(allocation.at_hard_cap),
        incident,
        alert,
        production=case.automatic(allocation.at_hard_cap_prod),
        covered=covered,
        waits=_TOO_LOW if agreed and set_last else used,
    )


def _set_last(case: CapCase, spec: ActionSpec) -> Action | None:
    """The newest limit that the agent holds at the place of another."""
    place = (spec.kind, spec.scope, spec.gateway)
    held = [each for each in case.mine if each.state.active]
    return next(
        (each for each in reversed(held) if (each.spec.kind, each.spec.scope, each.spec.gateway) == place),
        None,
    )


def _with_top_ups(allocation: Allocation, nano: int) -> int:
    """The limit behind a cap that top-ups had given so much, whatever they give now."""
    monthly = allocation.monthly_nano - allocation.topped_nano + nano
    return behind(replace(allocation, monthly_nano=monthly))


def _topped_at(case: CapCase, allocation: Allocation, at: int) -> int:
    """What top-ups gave when a limit was set: it is in that limit, and covers nothing a second time."""
    if not allocation.topped_nano:
        return 0
    changes = case.books.actions.allocation_changes(at)
    return sum(each.change.get(TOP_UP, 0) for each in changes if each.allocation == allocation.id)


def _agreed(case: CapCase, allocation: Allocation) -> int:
    """The limit behind what approved changes in the ledger have made of a cap; 0 where burndeck.toml says it.

    A share that only burndeck.toml names is counted up to the whole: nobody has agreed to more.
    """
    part = ledger_part(case.settings.configured_allocations, case.changes, allocation.id)
    if part.monthly_nano is None:
        return 0
    share = part.hard_cap if part.hard_cap is not None else min(allocation.hard_cap, _WHOLE)
    return behind(replace(allocation, monthly_nano=part.monthly_nano, hard_cap=share))
