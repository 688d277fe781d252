from __future__ import annotations

import numpy as np
import pytest

from agent.analytics.stream import Reason, StreamPanel, judge_series
from tests.agent.analytics.burning import DAY, HOUR, MINUTE, MONDAY, Burn, traffic

NOON = 7 * DAY // MINUTE + 12 * 60  # row of the second Monday's noon, in minutes


def flags(burn: Burn) -> np.ndarray:
    return np.flatnonzero(judge_series(burn.at, burn.credits).flagged)


@pytest.mark.parametrize("requests", [60.0, 1000.0])
def test_a_quiet_week_of_minutes_is_hardly_ever_flagged(requests: float) -> None:
    weeks = [flags(traffic(days=14, requests=requests, seed=seed)) for seed in range(2)]

    second = [int((rows >= 7 * DAY // MINUTE).sum()) for rows in weeks]

    assert sum(second) <= 2


@pytest.mark.parametrize(("step", "days"), [(5 * MINUTE, 28), (HOUR, 60), (DAY, 200)])
def test_quiet_series_of_other_steps_are_hardly_ever_flagged_either(step: int, days: int) -> None:
    burn = traffic(days=days, step=step, requests=step, seed=4)

    late = flags(burn)
    late = late[burn.at[late] - burn.at[0] > 14 * DAY]

    assert len(late) <= 2 * (days / 7 - 2)


@pytest.mark.parametrize("requests", [60.0, 1000.0])
def test_a_threefold_spike_is_flagged_within_three_points(requests: float) -> None:
    burn = traffic(days=8, requests=requests).times(3, NOON, NOON + 10).until(NOON + 10)

    verdicts = judge_series(burn.at, burn.credits)

    found = NOON + int(np.argmax(verdicts.flagged[NOON:]))
    assert verdicts.flagged[NOON : NOON + 3].any()
    assert verdicts.rising[found]
    assert Reason(int(verdicts.reason[found])) in (Reason.SPIKE, Reason.RISE)
    assert verdicts.high[found] < burn.credits[found]


@pytest.mark.parametrize("hours", [3, 6, 24])
def test_a_second_spike_is_flagged_like_the_first(hours: int) -> None:
    first = NOON - hours * 60
    burn = traffic(days=8).times(3, first, first + 10).times(3, NOON, NOON + 10).until(NOON + 10)

    rows = flags(burn)

    assert ((rows >= first) & (rows < first + 3)).any()
    assert ((rows >= NOON) & (rows < NOON + 3)).any()


def test_one_incident_is_not_flagged_for_hours() -> None:
    burn = traffic(days=8).times(4, NOON, NOON + 240)

    rows = flags(burn)

    assert 1 <= ((rows >= NOON) & (rows < NOON + 240)).sum() <= 12


def test_a_spike_widens_the_band_only_a_little_and_not_for_long() -> None:
    quiet = traffic(days=8, requests=1000)
    spiked = quiet.times(10, NOON, NOON + 10)

    before, after = judge_series(quiet.at, quiet.credits), judge_series(spiked.at, spiked.credits)

    width = (after.high - after.low)[NOON:] / (before.high - before.low)[NOON:]
    assert width[30] < 1.15
    assert width[600] < 1.1


def test_the_rhythm_of_days_is_learnt_from_the_time_stamps() -> None:
    burn = traffic(days=5, requests=1000)

    verdicts = judge_series(burn.at, burn.credits)

    last = slice(4 * DAY // MINUTE, None)
    off = np.abs(verdicts.expected[last] / burn.credits[last] - 1)
    assert np.median(off) < 0.1
    inside = (burn.credits >= verdicts.low) & (burn.credits <= verdicts.high)
    assert inside[last].mean() > 0.97


def test_a_night_as_busy_as_the_day_is_unusual() -> None:
    night = 7 * DAY // MINUTE + 60
    burn = traffic(days=8, requests=1000)
    loud = burn.credits.copy()
    loud[night : night + 180] = burn.credits[night - 13 * 60 : night - 10 * 60] * 2  # no more than by day

    verdicts = judge_series(burn.at, loud)

    assert verdicts.flagged[night : night + 180].any()
    assert loud[night : night + 180].max() < 1.4 * burn.credits.max()


def test_an_hour_of_calm_minutes_is_enough_to_flag_a_fivefold_rise() -> None:
    found = before = 0
    for seed in range(10):
        burn = traffic(days=1, seed=seed, start=MONDAY + 9 * HOUR).until(70).times(5, 60)
        rows = flags(burn)
        found += bool(((rows >= 60) & (rows < 63)).any())
        before += int((rows < 60).sum())

    assert found >= 9
    assert before <= 1


def test_the_first_burn_after_a_silence_is_a_start() -> None:
    values = np.concatenate([np.zeros(600), np.full(5, 3.0)])

    verdicts = judge_series(MONDAY + MINUTE * np.arange(605), values)

    assert np.flatnonzero(verdicts.flagged)[0] == 600
    assert Reason(int(verdicts.reason[600])) is Reason.START


def test_traffic_that_stops_is_a_fall() -> None:
    burn = traffic(days=8, requests=1000).times(0, NOON)

    verdicts = judge_series(burn.at, burn.credits)

    found = NOON + int(np.argmax(verdicts.flagged[NOON:]))
    assert found < NOON + 10
    assert not verdicts.rising[found]


def test_a_constant_series_is_never_flagged() -> None:
    assert not len(flags(Burn(MONDAY + MINUTE * np.arange(3000), np.full(3000, 0.07))))


def test_twenty_thousand_series_fit_into_a_hundred_megabytes() -> None:
    panel = StreamPanel(20_000)
    size = panel.nbytes

    panel.step(MONDAY, np.ones(20_000))

    assert panel.nbytes == size < 100e6
