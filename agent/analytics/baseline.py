"""What is usual at an hour, from the hours of recent weeks. Pure, and without numpy for the first frame.

Amounts are nano-credits an hour, hours are named by their first UTC epoch second. An hour of which nothing is
known is absent from the data, which is something else than an hour that burnt nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

HOUR = 3_600
DAY = 86_400
WEEK = 604_800

WEEKS = 8  # how far back the same hour of the week is looked for
DAYS = 14  # how far back the same hour of the day is looked for
_BAND = 2.0  # standard deviations on either side
_MAD_TO_SIGMA = 1.4826
_LEAST_SPREAD = 0.05  # no organization is steadier than this
_UNKNOWN_SPREAD = 0.25  # until enough hours have been judged
_JUDGED_HOURS = 168
_ENOUGH = 12
_SECONDS_OF_WEEKEND = 2 * DAY
# 1970-01-01 was a Thursday: the first Saturday began two days later.
_FIRST_SATURDAY = 2 * DAY


@dataclass(frozen=True, slots=True)
class Basis:
    """Which past hours an hour is compared with: each offset is so many seconds before it."""

    name: str  # hour_of_week | hour_of_day | last_day | none
    offsets: tuple[int, ...] = ()

    @property
    def sentence(self) -> str:
        """The basis in words, with how much history it rests on."""
        count = len(self.offsets)
        many = "" if count == 1 else "s"
        if self.name == "hour_of_week":
            return f"same hour of the week, {count} week{many}"
        if self.name == "hour_of_day":
            return f"same hour of the day, {count} day{many}"
        if self.name == "last_day":
            return f"the last day, {count} hour{many}"
        return "no history to compare with"


NO_BASIS = Basis("none")


def choose_basis(known: Collection[int], hour: int, *, newest: int | None = None) -> Basis:
    """The best comparison that the known hours allow for `hour`.

    Hours at or after `newest` (by default `hour`) do not count: they are not over.
    """
    end = hour if newest is None else newest

    def there(offsets: Sequence[int]) -> tuple[int, ...]:
        return tuple(offset for offset in offsets if hour - offset < end and hour - offset in known)

    weeks = there([week * WEEK for week in range(1, WEEKS + 1)])
    if len(weeks) >= 2:
        return Basis("hour_of_week", weeks)
    days = there([day * DAY for day in range(1, DAYS + 1)])
    alike = tuple(offset for offset in days if _weekend(hour - offset) == _weekend(hour))
    if len(alike) >= 2:
        return Basis("hour_of_day", alike)
    if days:
        return Basis("hour_of_day", days)
    hours = there([back * HOUR for back in range(1, 25)])
    if len(hours) >= 2:
        return Basis("last_day", hours)
    return NO_BASIS


def _weekend(at: int) -> bool:
    return (at - _FIRST_SATURDAY) % WEEK < _SECONDS_OF_WEEKEND


def middle(values: Sequence[int]) -> int:
    """The median of amounts as an integer; 0 without any."""
    return round(median(values)) if values else 0


def between_hours(at: float, hourly: Callable[[int], int | None]) -> int:
    """An hourly amount at an instant: the middles of the hours around it, joined by straight lines.

    A steep morning is then no surprise at the full hour. Where one of the hours is not known (None) the other
    one stands for both; 0 where neither is.
    """
    first = int((at - HOUR / 2) // HOUR) * HOUR
    weight = (at - HOUR / 2 - first) / HOUR
    before, after = hourly(first), hourly(first + HOUR)
    if before is None or after is None:
        return before or after or 0
    return round(before * (1 - weight) + after * weight)


@dataclass(frozen=True, slots=True)
class Expected:
    """What is usual: nano-credits an hour, and the band in which nearly all ordinary hours lie."""

    value: int
    low: int
    high: int
    basis: Basis


class Seasonal:
    """Expectations of one series from its complete hours before `newest`."""

    def __init__(self, hours: Mapping[int, int], newest: int) -> None:
        self._hours = {hour: amount for hour, amount in hours.items() if hour < newest}
        self._newest = newest

    def basis(self, hour: int) -> Basis:
        """What an hour is compared with."""
        return choose_basis(self._hours, hour, newest=self._newest)

    def hourly(self, hour: int) -> int | None:
        """The usual amount of an hour; None where there is nothing to compare it with."""
        offsets = self.basis(hour).offsets
        return middle([self._hours[hour - offset] for offset in offsets]) if offsets else None

    def at(self, instant: float, *, noise: float = 0.0) -> Expected | None:
        """What is usual at an instant, per hour; None without history.

        `noise` is the relative standard deviation that a measurement shorter than an hour adds to the band.
        """
        basis = self.basis(int(instant // HOUR) * HOUR)
        if not basis.offsets:
            return None
        value = between_hours(instant, self.hourly)
        reach = _BAND * (self.spread**2 + noise**2) ** 0.5
        return Expected(value, max(0, round(value * (1 - reach))), round(value * (1 + reach)), basis)

    @cached_property
    def spread(self) -> float:
        """Relative standard deviation of an hour around its expectation, judged by the last week's hours."""
        errors = []
        for hour in range(self._newest - _JUDGED_HOURS * HOUR, self._newest, HOUR):
            if hour in self._hours:
                before = choose_basis(self._hours, hour)
                usual = middle([self._hours[hour - offset] for offset in before.offsets])
                if usual > 0:
                    errors.append(abs(self._hours[hour] / usual - 1))
        if len(errors) < _ENOUGH:
            return _UNKNOWN_SPREAD
        return max(_LEAST_SPREAD, _MAD_TO_SIGMA * median(errors))


def step_noise(values: Sequence[int]) -> float:
    """Relative standard deviation of single steps of a series, from the differences of neighbours.

    Differences see chance and not the trend, so that a slow rise does not widen the band.
    """
    mean = sum(values) / len(values) if values else 0.0
    if len(values) < _ENOUGH or mean <= 0:
        return 0.0
    jumps = [abs(later - earlier) for earlier, later in itertools.pairwise(values)]
    return _MAD_TO_SIGMA * median(jumps) / 2**0.5 / mean
