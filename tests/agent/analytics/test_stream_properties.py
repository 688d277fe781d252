"""What holds for any series, however odd."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.analytics.stream import Reason, StreamPanel, Verdicts, judge_series
from tests.agent.analytics.burning import MINUTE, MONDAY, traffic

ODD = st.one_of(
    st.floats(0, 1e6), st.floats(allow_nan=True, allow_infinity=True), st.just(0.0), st.floats(99, 101)
)
GAPS = st.one_of(st.just(60), st.integers(-100, 100_000), st.just(0))


@st.composite
def series(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Rows with gaps, repeated and backward stamps, and values of every kind."""
    values = draw(st.lists(ODD, min_size=1, max_size=120))
    gaps = draw(st.lists(GAPS, min_size=len(values), max_size=len(values)))
    return MONDAY + np.cumsum(np.array(gaps, np.int64)), np.array(values, np.float64)


def same(one: Verdicts, other: Verdicts) -> None:
    np.testing.assert_allclose(one.score, other.score, atol=1e-9)
    np.testing.assert_array_equal(one.reason, other.reason)
    np.testing.assert_array_equal(one.rising, other.rising)


def stepwise(panel: StreamPanel, at: np.ndarray, columns: np.ndarray) -> list[Verdicts]:
    return [panel.step(int(moment), row) for moment, row in zip(at, columns, strict=True)]


@settings(max_examples=100, deadline=None)
@given(series())
def test_scores_stay_between_zero_and_one_whatever_comes(rows: tuple[np.ndarray, np.ndarray]) -> None:
    at, values = rows

    verdicts = judge_series(at, values)

    assert len(verdicts.score) == len(values)
    assert ((verdicts.score >= 0) & (verdicts.score <= 1)).all()
    assert (verdicts.score[~np.isfinite(values)] == 0).all()
    assert all(Reason(code).word for code in verdicts.reason.tolist())


@settings(max_examples=40, deadline=None)
@given(series(), st.integers(0, 120))
def test_a_row_never_depends_on_later_ones(rows: tuple[np.ndarray, np.ndarray], cut: int) -> None:
    at, values = rows

    whole, prefix = judge_series(at, values), judge_series(at[:cut], values[:cut])

    np.testing.assert_array_equal(whole.score[:cut], prefix.score)
    np.testing.assert_array_equal(whole.high[:cut], prefix.high)


@settings(max_examples=40, deadline=None)
@given(series())
def test_a_panel_and_a_single_series_say_the_same(rows: tuple[np.ndarray, np.ndarray]) -> None:
    at, values = rows
    alone = judge_series(at, values)

    steps = stepwise(StreamPanel(2), at, np.stack([values, values[::-1]], axis=1))

    np.testing.assert_allclose([step.score[0] for step in steps], alone.score, atol=1e-9)
    np.testing.assert_allclose([step.expected[0] for step in steps], alone.expected, rtol=1e-6)


@pytest.mark.parametrize("factor", [1e-3, 1000.0, 1e6])
def test_units_do_not_matter(factor: float) -> None:
    burn = traffic(days=2.5).times(3, 3000, 3010)

    plain, scaled = judge_series(burn.at, burn.credits), judge_series(burn.at, burn.credits * factor)

    same(plain, scaled)
    np.testing.assert_allclose(scaled.high, plain.high * factor, rtol=1e-6)


def test_a_panel_that_was_saved_goes_on_as_if_it_had_not_been() -> None:
    burns = [traffic(days=0.5, seed=seed) for seed in range(3)]
    at, columns = burns[0].at, np.stack([burn.credits for burn in burns], axis=1)
    panel = StreamPanel(3)
    stepwise(panel, at[:400], columns[:400])

    restored = StreamPanel.from_blocks(dict(panel.to_blocks()))

    assert restored is not None
    for one, other in zip(
        stepwise(panel, at[400:], columns[400:]), stepwise(restored, at[400:], columns[400:]), strict=True
    ):
        np.testing.assert_array_equal(one.score, other.score)
        np.testing.assert_array_equal(one.high, other.high)


def test_series_that_come_later_are_judged_by_their_own_clock() -> None:
    old, new = traffic(days=0.5, seed=1), traffic(days=0.5, seed=2)
    panel = StreamPanel(1)
    stepwise(panel, old.at[:300], old.credits[:300, None])

    panel.add(1)
    steps = stepwise(panel, old.at[300:], np.stack([old.credits[300:], new.credits[300:]], axis=1))

    alone = judge_series(new.at[300:], new.credits[300:])
    assert panel.series == 2
    np.testing.assert_allclose([step.score[1] for step in steps], alone.score, atol=1e-9)


def test_a_series_without_a_point_has_no_score_and_learns_nothing() -> None:
    burn = traffic(days=0.2)
    panel, never = StreamPanel(1), np.zeros(1, np.bool_)

    scores = []
    for row, (moment, value) in enumerate(zip(burn.at, burn.credits, strict=True)):
        scores.append(panel.step(int(moment), np.array([value])).score[0])
        assert panel.step(int(moment) + 30, np.array([1e9]), never).score[0] == 0
        if row % 7 == 0:
            assert panel.step(int(moment) + 31, np.array([math.nan])).score[0] == 0

    np.testing.assert_allclose(scores, judge_series(burn.at, burn.credits).score, atol=1e-9)


def test_series_that_are_gone_are_forgotten() -> None:
    columns = np.stack([traffic(days=0.1, seed=seed).credits for seed in range(3)], axis=1)
    at = MONDAY + MINUTE * np.arange(len(columns))
    panel, other = StreamPanel(3), StreamPanel(1)
    stepwise(panel, at[:100], columns[:100])
    stepwise(other, at[:100], columns[:100, [2]])

    panel.keep(np.array([2]))

    assert panel.series == 1
    np.testing.assert_array_equal(
        panel.step(int(at[100]), columns[100, [2]]).score, other.step(int(at[100]), columns[100, [2]]).score
    )
