"""The largest rises: by credits, above the noise of each series, and each of them once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

import pytest

from agent.alerts.replay.rises import BEFORE_S, Rise, largest_rises
from agent.domain.allocation import Scope
from tests.agent.alerts.build import DAY, HOUR, NOON
from tests.agent.reports.world import NANO

START, END = NOON - 10 * DAY, NOON
THEN = NOON - 3 * DAY
TEAM, KEY, SMALL = Scope.parse("team:search"), Scope.parse("api_key:key_a"), Scope.parse("team:labs")


def hours(credits_: Callable[[int], float]) -> Mapping[int, int]:
    """Nano-credits by hour, in the weeks before the stretch and in it."""
    return {hour: round(credits_(hour) * NANO) for hour in range(START - BEFORE_S, END, HOUR)}


def raised(usual: float, share: float, for_h: int = 1) -> Callable[[int], float]:
    """So much an hour, and for some hours a share more."""
    return lambda at: usual * (1 + share) if THEN <= at < THEN + for_h * HOUR else usual


def noisy(usual: float, share: float) -> Callable[[int], float]:
    """So far from usual as a rule, more or less from hour to hour."""
    return lambda at: usual * max(0.0, Random(at).gauss(1.0, share))


def within(inner: Scope, outer: Scope) -> bool:
    return (inner, outer) == (KEY, TEAM)


def found(known: Mapping[Scope, Mapping[int, int]]) -> list[Rise]:
    return largest_rises(known, START, END, within)


def test_many_credits_of_somebody_steady_come_before_noise_of_somebody_small() -> None:
    rises = found({TEAM: hours(raised(1_000, 0.4)), SMALL: hours(noisy(100, 0.3))})

    assert rises[0] == Rise(TEAM, THEN, THEN + HOUR, 400 * NANO)
    assert len(rises) < 3


def test_what_stands_out_of_noise_is_a_rise() -> None:
    def burn(at: int) -> float:
        return noisy(100, 0.1)(at) + (300 if at == THEN else 0)

    (rise,) = found({SMALL: hours(burn)})

    assert (rise.start, rise.end) == (THEN, THEN + HOUR)
    assert 250 * NANO < rise.excess_nano < 350 * NANO


@pytest.mark.parametrize(("share", "count"), [(0.24, 0), (0.26, 1)])
def test_an_ordinary_busy_hour_is_none(share: float, count: int) -> None:
    assert len(found({TEAM: hours(raised(1_000, share))})) == count


def test_growth_is_none() -> None:
    assert not found({TEAM: hours(lambda at: 100 * 1.1 ** ((at - START) / (7 * DAY)))})


@pytest.mark.parametrize(("of_team", "scope"), [(300, KEY), (400, KEY), (800, KEY), (801, TEAM)])
def test_of_a_team_and_its_key_the_key_is_listed_where_it_makes_most(of_team: int, scope: Scope) -> None:
    team, key = hours(raised(1_000, of_team / 1_000)), hours(raised(200, 2.0))

    rises = found({TEAM: team, KEY: key})

    assert [rise.scope for rise in rises] == [scope]


def test_rises_of_a_team_and_its_key_at_other_times_are_two() -> None:
    later = hours(lambda at: 600 if at == THEN + 5 * HOUR else 200)

    rises = found({TEAM: hours(raised(1_000, 0.5)), KEY: later})

    assert [rise.scope for rise in rises] == [TEAM, KEY]
