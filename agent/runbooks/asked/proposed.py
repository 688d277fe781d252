"""Allocations that usage suggests: each team's next month against what it has, within the pool."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.analytics.month import month_of
from agent.domain.allocation import Allocation, ScopeKind
from agent.domain.allocations import base_nano
from agent.domain.money import NANO, to_credits
from agent.domain.run import Evidence
from agent.domain.words import plural
from agent.reports.layers import truth
from agent.reports.moment import DAY, moment
from agent.runbooks.asked.answer import change, credits_, empty, evidence, exact
from agent.runbooks.asked.capped import allocations_now, room_of
from agent.runbooks.asked.foreseen import Foreseen

if TYPE_CHECKING:
    from agent.runbooks.asking import Context, Given

_MATTERS = Decimal("0.10")  # a smaller difference is not worth two people's approval
_AVERAGED_DAYS = 14


@dataclass(frozen=True, slots=True)
class _Wish:
    """What an allocation has, and what its usage asks for. Amounts are nano-credits a month."""

    of: Allocation
    now_nano: int
    average_nano: int  # a day
    wanted_nano: int

    @property
    def change(self) -> Decimal:
        """As a share of what it has."""
        return Decimal(self.wanted_nano - self.now_nano) / self.now_nano


PROPOSAL_COLUMNS = ("allocation", "scope", "monthly now", "monthly proposed", "why")


def proposals(context: Context, given: Given) -> Evidence:
    """Changes of teams' allocations by usage: raises never take more than the pool and the cuts have."""
    title = "Allocations that usage suggests"
    reader = context.reader
    teams = [each for each in allocations_now(context) if each.scope.kind is ScopeKind.TEAM]
    if not teams:
        return evidence("proposals", title, given, "No team has an allocation, so none can be changed.")
    with reader.snapshot():
        when = moment(reader, context.now)
        if when.as_of is None:
            return empty("proposals", title, given)
        foreseen = Foreseen(context, when.at, when.as_of)
        days = _days_of_next(foreseen, context.settings.organization.time_zone)
        wishes = [wish for each in teams if (wish := _wish(foreseen, each, days)) is not None]
        layers = truth(reader, when.at - _AVERAGED_DAYS * DAY, when.at, days=True)
    room = room_of(context)
    granted = _within(wishes, None if room is None else max(room.available_nano, 0))
    mine = [wish for wish in granted if abs(wish.change) > _MATTERS]
    mine.sort(key=lambda wish: -abs(wish.wanted_nano - wish.now_nano))
    left = (
        "there is no pool"
        if room is None
        else f"the pool has {credits_(to_credits(room.available_nano))} left"
    )
    return evidence(
        "proposals",
        title,
        given,
        _said(mine, len(wishes), left),
        PROPOSAL_COLUMNS,
        [_row(wish) for wish in mine],
        note=f"{days} days of next month x the average day of the last {_AVERAGED_DAYS}, rounded up to two "
        f"digits; differences up to {exact(_MATTERS * 100)} % are left out; {left}",
        truth=layers,
    )


def _days_of_next(foreseen: Foreseen, zone: str) -> int:
    following = month_of(foreseen.month.end, zone)
    return round((following.end - following.start) / DAY)


def _wish(foreseen: Foreseen, each: Allocation, next_days: int) -> _Wish | None:
    today = foreseen.month.today
    days = {day: nano for day, nano in foreseen.days(each.scope).items() if day < today}
    recent = [nano for day, nano in days.items() if day >= today - _AVERAGED_DAYS]
    if not recent:
        return None
    average = sum(recent) // len(recent)
    if not average:
        return None  # a team that burns nothing asks for a person's look, not for an allocation of nothing
    return _Wish(each, base_nano(each), average, _round_up(average * next_days))


def _round_up(nano: int) -> int:
    """To two digits of credits that count, and whole credits at least."""
    whole = -(-nano // NANO)
    step = 10 ** max(0, len(str(whole)) - 2)
    return int(-(-whole // step) * step * NANO)


def _within(wishes: list[_Wish], available: int | None) -> list[_Wish]:
    """The wishes, with raises cut alike where they would take more than the pool and the cuts give."""
    raises = sum(max(0, wish.wanted_nano - wish.now_nano) for wish in wishes)
    freed = sum(max(0, wish.now_nano - wish.wanted_nano) for wish in wishes if -wish.change > _MATTERS)
    if available is None or raises <= available + freed:
        return wishes
    return [_cut(wish, available + freed, raises) for wish in wishes]


def _cut(wish: _Wish, have: int, asked: int) -> _Wish:
    more = wish.wanted_nano - wish.now_nano
    if more <= 0:
        return wish
    granted = more * have // asked // NANO * NANO
    return _Wish(wish.of, wish.now_nano, wish.average_nano, wish.now_nano + granted)


def _row(wish: _Wish) -> tuple[str, ...]:
    average = to_credits(wish.average_nano)
    why = f"burns {exact(average.quantize(Decimal('0.01')))} credits a day ({change(wish.change)})"
    monthly = (exact(to_credits(nano)) for nano in (wish.now_nano, wish.wanted_nano))
    return (wish.of.id, str(wish.of.scope), *monthly, why)


def _said(mine: list[_Wish], known: int, left: str) -> str:
    if not known:
        return "No team with an allocation has burnt anything in whole days yet."
    if not mine:
        return (
            f"Usage suggests no change: all {known} teams are within 10 % of their monthly credits; {left}."
        )
    first = mine[0]
    word = "raise" if first.change > 0 else "lower"
    return (
        f"Usage suggests {plural(len(mine), 'change')}, first to {word} {first.of.id} from "
        f"{credits_(to_credits(first.now_nano))} to {credits_(to_credits(first.wanted_nano))} "
        f"a month; {left}."
    )
