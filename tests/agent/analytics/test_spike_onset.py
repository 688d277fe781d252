"""What single minutes can tell of a key, on synthetic minutes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.analytics.onset import Before, Onset, Recent, Sign, onset

MINUTES = 60
DAY_MINUTES = 600.0  # ten hours of earlier days
MONTH = 30 * 1_440.0
CALLS, COST, INPUT, CACHED = 20.0, 0.5, 1_000.0, 0.8


def minutes(calls: float = CALLS, *, kinds: int = 1, seed: int = 1) -> Recent:
    """A key's ordinary hour: Poisson counts, costs and inputs of requests that differ as prompts do."""
    random = np.random.default_rng(seed)
    requests = random.poisson(calls, (kinds, MINUTES)).astype(float)
    size = np.divide(random.gamma(np.maximum(requests, 1e-9) / 0.8) * 0.8, np.maximum(requests, 1.0))
    size = np.where(requests > 0, size, 0.0)
    sent = requests * INPUT * size
    return Recent(requests, sent, sent * CACHED, requests * COST * size, np.ones(MINUTES, np.bool_))


def before(calls: float = CALLS, kinds: int = 1) -> Before:
    """Earlier days like this one."""
    requests = np.full(kinds, calls)
    return Before(requests, requests * COST, requests * COST * 60, DAY_MINUTES, DAY_MINUTES)


def newest(recent: Recent, count: int = 1, **factors: float) -> Recent:
    """The same, the last minutes multiplied."""
    changed = {}
    for name, factor in factors.items():
        values = getattr(recent, name).copy()
        values[:, -count:] *= factor
        changed[name] = values
    return replace(recent, **changed)


def judged(recent: Recent, known: Before | None = None, least: float = 1.0) -> Onset | None:
    return onset(recent, before(kinds=len(recent.requests)) if known is None else known, least)


def sure(found: Onset | None) -> Onset:
    assert found is not None
    assert found.sure
    return found


def test_many_times_the_requests_tell_in_their_first_minute() -> None:
    found = sure(judged(newest(minutes(), requests=4, credits=4, tokens_input=4, tokens_cached=4)))

    assert found.minutes == 1
    assert found.excess == pytest.approx(30, rel=0.5)


def test_a_cached_share_that_falls_tells_before_the_burn_does() -> None:
    found = sure(judged(newest(minutes(seed=2), tokens_cached=0.7, credits=1.6)))

    assert found.sign is Sign.CACHE


def test_longer_prompts_tell_while_the_requests_are_as_many_as_ever() -> None:
    found = sure(judged(newest(minutes(), count=2, tokens_input=3, tokens_cached=3, credits=2.6)))

    assert found.sign in (Sign.INPUT, Sign.COST)


def test_three_requests_of_a_kind_that_was_never_seen_tell_and_two_do_not() -> None:
    known = replace(before(kinds=2), memory=MONTH)
    usual = minutes(kinds=2)
    usual.requests[1], usual.credits[1], usual.tokens_input[1] = 0.0, 0.0, 0.0
    known.requests[1] = known.credits[1] = known.largest[1] = 0.0

    def struck(count: float) -> Recent:
        recent = replace(usual, requests=usual.requests.copy(), credits=usual.credits.copy())
        recent.requests[1, -1], recent.credits[1, -1] = count, 30.0
        return recent

    assert sure(judged(struck(3), known)).sign is Sign.RARE
    two = judged(struck(2), known)
    assert two is None or not two.sure


def test_kinds_that_are_called_now_and_then_may_come_several_at_once() -> None:
    recent, known = minutes(0.05), before(0.05)
    recent.requests[0, -1], recent.credits[0, -1] = 4.0, 8.0

    found = judged(recent, known)

    assert found is None or not found.sure


def test_a_job_by_the_clock_burns_its_usual_hour_at_once_without_being_a_rise() -> None:
    recent, known = minutes(0.0), before(0.0)
    recent.requests[0, -3:], recent.credits[0, -3:] = 200.0, 100.0
    known.requests[0], known.credits[0], known.largest[0] = 20.0, 10.0, 600.0

    assert judged(recent, known) is None


@pytest.mark.parametrize("least", [10.0, 1_000.0])
def test_what_stays_below_the_floor_is_nothing_however_many_times_the_usual_it_is(least: float) -> None:
    factor = 1_000.0
    recent = newest(minutes(), 3, requests=factor, credits=0.9 * least / (CALLS * COST))

    assert judged(recent, least=least) is None


def test_without_days_to_compare_with_a_steep_hour_is_none_and_five_times_the_burn_is() -> None:
    nothing = Before(np.zeros(1), np.zeros(1), np.zeros(1), 0.0, 60.0)
    recent = minutes()
    steep = np.linspace(0.6, 1.6, MINUTES)
    morning = replace(recent, requests=np.round(recent.requests * steep), credits=recent.credits * steep)

    found = judged(morning, nothing)

    assert found is None or not found.sure
    assert sure(judged(newest(recent, requests=5, credits=5), nothing)).minutes == 1


def test_half_an_hour_must_be_known_before_anything_is_judged() -> None:
    recent = newest(minutes(), requests=9, credits=9)
    recent.known[:-25] = False

    assert judged(recent) is None


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), calls=st.sampled_from([0.2, 3.0, 20.0, 200.0]))
def test_an_ordinary_hour_is_never_beyond_doubt(seed: int, calls: float) -> None:
    found = onset(minutes(calls, kinds=3, seed=seed), before(calls, kinds=3), 0.01)

    assert found is None or not found.sure


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(1e-3, 1e3))
def test_the_unit_of_account_does_not_matter(factor: float) -> None:
    recent = newest(minutes(), requests=3, credits=3)
    known = before()

    one = sure(onset(recent, known, 1.0))
    other = sure(
        onset(
            replace(recent, credits=recent.credits * factor),
            replace(known, credits=known.credits * factor, largest=known.largest * factor),
            factor,
        )
    )

    assert other.deviations == pytest.approx(one.deviations)
    assert other.credits == pytest.approx(one.credits * factor)
