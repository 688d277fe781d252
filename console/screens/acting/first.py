"""What a form of acting says at first: a limit that holds, in a unit that gateways know, sparing production.

Runs in the thread of the live link, as `look` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from agent.domain.action import ActionKind, ActionSpec
from agent.domain.gateway import Limit, LimitUnit
from console.screens.acting.aim import Aim
from console.screens.acting.look import Looked, look_at, off_boards

if TYPE_CHECKING:
    from agent.control.planning import Plan
    from agent.ledger.reader import LedgerReader
    from agent.settings import Settings

_SPARING = (ActionKind.THROTTLE, ActionKind.BLOCK, ActionKind.MODELS, ActionKind.TOOLS)
"""What may leave production out."""
BY_THE_SECOND = 120
"""From so many calls a minute on, a limit is said by the second where the gateway knows seconds."""


def first_look(reader: LedgerReader, settings: Settings, spec: ActionSpec, aim: Aim, now: float) -> Looked:
    """The plan with the limit near what is usual, in a unit that the gateway knows, sparing production."""
    found = look_at(reader, settings, spec, now)
    if spec.kind is ActionKind.THROTTLE:
        found = _in_a_known_unit(reader, settings, found, now)
        if found.held:
            found = _below_what_holds(reader, settings, found, now)
    if found.plan is None:
        return found
    better = dict(found.fill)
    usual = usual_calls(aim, found.plan.requests)
    if _may_spare(spec) and 0 < sum(k.production for k in found.plan.keys) < len(found.plan.keys):
        spared = look_at(reader, settings, replace(found.spec, non_prod=True), now)
        found = replace(spared, said=found.said) if spared.plan is not None else found
    if spec.kind is ActionKind.THROTTLE and found.plan is not None and usual is not None:
        found = _near_usual(reader, settings, found, _less_where_dearer(aim, usual, found.plan), now)
    better["non_prod"] = "y" if found.spec.non_prod else "n"
    if found.spec.limit is not None:
        better["limit"] = str(found.spec.limit)
    return replace(found, fill=better)


def _may_spare(spec: ActionSpec) -> bool:
    return spec.kind in _SPARING and not off_boards(spec)


def _in_a_known_unit(reader: LedgerReader, settings: Settings, found: Looked, now: float) -> Looked:
    """The same rate by the minute, where no gateway counts by the second; calls alone, where models fail."""
    if found.plan is not None or found.held or found.spec.limit is None:
        return found
    by_minute = Limit(found.spec.limit.per_minute or found.spec.limit.amount, LimitUnit.RPM)
    for spec in (
        replace(found.spec, limit=by_minute),
        replace(found.spec, models=()),
        replace(found.spec, limit=by_minute, models=()),
    ):
        other = look_at(reader, settings, spec, now)
        if other.plan is not None or other.held:
            return replace(other, fill={"models": ", ".join(spec.models)})
    return found


def _below_what_holds(reader: LedgerReader, settings: Settings, found: Looked, now: float) -> Looked:
    """The highest limit, halved again and again, that would change something; why, where none would."""
    limit = found.spec.limit
    assert limit is not None
    for lower in _halved(limit):
        other = look_at(reader, settings, replace(found.spec, limit=lower), now)
        if other.plan is not None:
            said = f"{found.problem.partition('. ')[0]}; so a lower limit is filled in"
            return replace(other, fill=found.fill, said=said)
    problem = f"{found.problem.partition('. ')[0]}: no limit below that can be set there. A block (b) can."
    return replace(found, problem=problem, fill={**found.fill, "limit": str(limit)})


def _halved(limit: Limit) -> Iterator[Limit]:
    """Half of it and half of that, down to 1 a minute."""
    amount = limit.amount // 2
    while amount:
        yield Limit(amount, limit.unit)
        amount //= 2
    if limit.unit is LimitUnit.RPS:
        yield from _halved(Limit(60, LimitUnit.RPM))


def _near_usual(
    reader: LedgerReader, settings: Settings, found: Looked, usual: Decimal, now: float
) -> Looked:
    """The plan whose limit holds all targets together to what is usual.

    Twice, as a lower limit changes more targets: those that are held to more than that.
    """
    for _ in range(2):
        made = found.plan
        if made is None or made.spec.limit is None:
            break
        for limit in _limits(made, usual):
            other = look_at(reader, settings, replace(found.spec, limit=limit), now)
            if other.held:
                return _below_what_holds(reader, settings, replace(other, fill=found.fill), now)
            if other.plan is not None:
                found = replace(other, said="")
                break
        if found.plan is None or len(found.plan.steps) == len(made.steps):
            break
    return found


def _less_where_dearer(aim: Aim, usual: Decimal, made: Plan) -> Decimal:
    """The usual calls; where no more come than that and yet they burn more, so many as burn what is usual."""
    calls = sum((load.asked + load.loose for load in made.loads), Decimal(0))
    if calls and usual >= calls and aim.usual_share is not None and aim.usual_share < 1:
        return calls * aim.usual_share
    return usual


def _limits(made: Plan, usual: Decimal) -> Iterable[Limit]:
    """What comes to the usual calls in all, as a limit of each target."""
    from agent.control.planning.sharing import limit_at_each

    assert made.spec.limit is not None
    at_each = limit_at_each(made.loads, usual)
    if len(made.steps) == 1:
        return limits_near(at_each, made.spec.limit.unit)
    return limits_near(at_each.to_integral_value(ROUND_FLOOR), LimitUnit.RPM)


def usual_calls(aim: Aim, hour_calls: int) -> Decimal | None:
    """Calls a minute that are usual; where only the burn is known, by its share of the calls of the hour."""
    if aim.usual_calls:
        return aim.usual_calls
    if aim.usual_share is not None and hour_calls:
        return aim.usual_share * hour_calls / 60
    return None


def limits_near(usual: Decimal, unit: LimitUnit) -> Iterable[Limit]:
    """The usual calls as a limit, rounded up, in the finest unit that says them well; then in the other."""
    by_minute = Limit(max(1, int(usual.to_integral_value(ROUND_CEILING))), LimitUnit.RPM)
    by_second = Limit(max(1, int((usual / 60).to_integral_value(ROUND_CEILING))), LimitUnit.RPS)
    if unit is LimitUnit.RPS and usual >= BY_THE_SECOND:
        return (by_second, by_minute)
    return (by_minute, by_second)
