"""One step of the detector: judges a point and learns it, for a column of series or for a single one.

A point is seen from several sides (`_views`), each a magnitude; how far they exceed what the series has shown
before is its novelty. Nothing looks ahead, nothing is random, and units do not matter.
"""

from __future__ import annotations

from typing import NamedTuple

from agent.analytics.stream import novelty
from agent.analytics.stream.ops import Column, Ops
from agent.analytics.stream.season import DAY, WEEK, learn, look_up
from agent.analytics.stream.state import State
from agent.analytics.stream.verdict import Reason

FAST = 3.0  # points
SLOW = 100.0
OFFSET = 38.0
LEVEL_S = 86_400.0
SKILL_S = 2 * 86_400.0
WARM = 30  # points before anything is judged
FLOOR = 0.005  # of the usual magnitude: smaller differences are nobody's concern
BAND = 4.0  # usual distances on either side of what is expected
CLIP = 4.0  # usual distances by which one point can widen the band
MOST_STEPS = 50.0
MOST = 1e100  # keeps squares finite
FIRST_WIDTH = 60.0
_TINY = 1e-300


class Judged(NamedTuple):
    """What a step says; see `Verdicts`."""

    score: Column
    expected: Column
    low: Column
    high: Column
    reason: Column
    rising: Column


class _View(NamedTuple):
    """One side of a point: how far it is off, and what it is called when it stands out."""

    off: Column
    floor: Column
    up: Reason
    down: Reason


class _Point(NamedTuple):
    """A point and how it lies in time."""

    at: Column
    value: Column
    root: Column
    came: Column
    elapsed: Column  # seconds since the point before
    steps: Column  # the same in usual widths


def judge(ops: Ops, state: State, at: Column, value: Column, came: Column) -> Judged:
    """Judges a point of each series and learns it; what has not come has score 0 and changes nothing."""
    value = ops.where(came, ops.maximum(ops.minimum(value, MOST), -MOST), 0.0)
    root = _root(ops, value)
    elapsed, steps = _pass_time(ops, state, at, came)
    point = _Point(at, value, root, came, elapsed, steps)
    _begin(ops, state, point)
    day, week = look_up(ops, state.day, at, DAY), look_up(ops, state.week, at, WEEK)
    season, expected = _expect(ops, state, day, week)

    views = _views(ops, state, point, season, expected)
    ratios = [
        novelty.novelty(ops, state, number, abs(view.off), view.floor, elapsed, came)
        for number, view in enumerate(views)
    ]
    judged = came & (state.count >= WARM)
    novel = ops.where(judged, novelty.combined(ops, ratios, state.width), novelty.LEAST)
    score = novelty.score(ops, novelty.habituated(ops, state, novel, elapsed, came))
    reason, rising = _reason(ops, state, views, ratios)
    known = state.count > 0
    reach = BAND * state.spread
    judgement = Judged(
        score=ops.where(judged, score, 0.0),
        expected=ops.where(known, _unroot(expected), float("nan")),
        low=ops.where(known, _unroot(expected - reach), float("nan")),
        high=ops.where(known, _unroot(expected + reach), float("nan")),
        reason=ops.where(judged, reason, int(Reason.NONE)),
        rising=judged & rising,
    )
    _learn(ops, state, point, (day, week), expected)
    return judgement


def _root(ops: Ops, value: Column) -> Column:
    """Signed square root: evens out the noise of counts, and units stay a factor."""
    root = ops.sqrt(abs(value))
    return ops.where(value < 0, -root, root)


def _unroot(root: Column) -> Column:
    return root * abs(root)


def _pass_time(ops: Ops, state: State, at: Column, came: Column) -> tuple[Column, Column]:
    """Seconds since the point before, and how many usual widths that is.

    A stamp that repeats or runs back counts as no time passed. The width follows the median of the gaps.
    """
    gap = ops.where(state.count > 0, at - state.at, 0.0)
    forward = came & (gap > 0)
    width = ops.where(state.width > 0, state.width, FIRST_WIDTH)
    width = ops.where(forward & (state.widths == 0), gap, width)
    reach = ops.maximum(1 / (state.widths + 1), 0.01)
    change = ops.log(ops.where(forward, gap, width) / width)
    state.width = width * ops.exp(ops.maximum(ops.minimum(change, reach), -reach))
    state.widths = state.widths + forward
    elapsed = ops.maximum(gap, 0.0)
    steps = ops.maximum(ops.minimum(elapsed / state.width, MOST_STEPS), 0.1)
    return elapsed, ops.where(forward, steps, 1.0)


def _begin(ops: Ops, state: State, point: _Point) -> None:
    """The first point of a series is where its means start."""
    first = point.came & (state.count == 0)
    state.fast = ops.where(first, point.value, state.fast)
    state.slow = ops.where(first, point.value, state.slow)
    state.last = ops.where(first, point.value, state.last)
    state.fast_root = ops.where(first, point.root, state.fast_root)
    state.slow_root = ops.where(first, point.root, state.slow_root)
    state.level = ops.where(first, point.root, state.level)


def _gain(ops: Ops, steps: Column, length: float, seen: Column, came: Column) -> Column:
    """Weight of a point in a moving mean `length` long; a plain mean while there are fewer points."""
    return ops.where(came, ops.maximum(1 - ops.exp(-steps / length), 1 / (seen + 1)), 0.0)


def _expect(ops: Ops, state: State, day: Column, week: Column) -> tuple[Column, Column]:
    """The season (NaN without one), and what is expected: the season as far as it has proved itself."""
    weekly = (state.week_judged > 0) & (state.week_miss < state.day_miss)
    weekly = ops.negate(ops.isnan(week)) & (ops.isnan(day) | weekly)
    season = ops.where(weekly, week, day)
    miss = ops.where(weekly & (state.week_judged > 0), state.week_miss, state.day_miss)
    skill = 2 * (1 - miss / ops.maximum(state.level_miss, _TINY))
    trust = ops.maximum(ops.minimum(skill, 1.0), 0.0)
    trusted = ops.negate(ops.isnan(season)) & (state.day_judged > 0) & (state.level_miss > 0)
    return season, state.level + ops.where(trusted, trust * (season - state.level), 0.0)


def _views(ops: Ops, state: State, point: _Point, season: Column, expected: Column) -> list[_View]:
    """The sides from which a point is seen. What is above is asked twice: burn that rises is what costs."""
    _, value, root, came, _, steps = point
    fast = _gain(ops, steps, FAST, state.count, came)
    state.fast = state.fast + fast * (value - state.fast)
    state.fast_root = state.fast_root + fast * (root - state.fast_root)
    state.excess = state.excess + fast * (value - _unroot(expected) - state.excess)
    off = ops.where(ops.isnan(season), 0.0, root - season)
    state.offset = state.offset + _gain(ops, steps, OFFSET, state.count, came) * (off - state.offset)
    floor, root_floor = FLOOR * state.size, FLOOR * state.size_root
    above = ops.maximum(state.fast_root - state.slow_root, 0.0)
    return [
        _View(state.fast - state.slow, floor, Reason.RISE, Reason.FALL),
        _View(above, root_floor, Reason.RISE, Reason.FALL),
        _View(value - state.last, floor, Reason.SPIKE, Reason.FALL),
        _View(state.offset, root_floor, Reason.UNUSUAL_HOUR, Reason.UNUSUAL_HOUR),
        _View(ops.maximum(state.excess, 0.0), floor, Reason.RISE, Reason.FALL),
    ]


def _reason(ops: Ops, state: State, views: list[_View], ratios: list[Column]) -> tuple[Column, Column]:
    """The name of what is newest, and whether it is above what is usual."""
    best, rising = ratios[0], views[0].off > 0
    reason = ops.where(rising, int(views[0].up), int(views[0].down))
    for view, ratio in zip(views[1:], ratios[1:], strict=True):
        better, above = ratio > best, view.off > 0
        best = ops.where(better, ratio, best)
        rising = ops.where(better, above, rising)
        reason = ops.where(better, ops.where(above, int(view.up), int(view.down)), reason)
    return ops.where(rising & (state.size == 0), int(Reason.START), reason), rising


def _learn(ops: Ops, state: State, point: _Point, profiles: tuple[Column, Column], expected: Column) -> None:
    """Everything but the records, which learn where they judge."""
    at, value, root, came, _, steps = point
    seen = state.count
    pace = steps * state.width
    _learn_errors(ops, state, point, profiles, pace)
    day_long = _gain(ops, pace, LEVEL_S, seen, came)
    miss = abs(root - expected)
    miss = ops.where(seen < WARM, miss, ops.minimum(miss, CLIP * state.spread))
    state.spread = state.spread + day_long * (miss - state.spread)
    slow = _gain(ops, steps, SLOW, seen, came)
    state.slow = state.slow + slow * (value - state.slow)
    state.slow_root = state.slow_root + slow * (root - state.slow_root)
    state.level = state.level + day_long * (root - state.level)
    state.size = state.size + day_long * (abs(value) - state.size)
    state.size_root = state.size_root + day_long * (abs(root) - state.size_root)
    times = (state.at, at)
    state.day_sum, state.day_count = learn(
        ops, state.day, state.day_sum, state.day_count, DAY, times, root, state.spread, came
    )
    state.week_sum, state.week_count = learn(
        ops, state.week, state.week_sum, state.week_count, WEEK, times, root, state.spread, came
    )
    state.last = ops.where(came, value, state.last)
    state.at = ops.where(came, ops.maximum(at, state.at), state.at)
    state.count = seen + came


def _learn_errors(
    ops: Ops, state: State, point: _Point, profiles: tuple[Column, Column], pace: Column
) -> None:
    """How well level and profiles would have done, over the same points."""
    day, week = profiles
    daily, weekly = point.came & ops.negate(ops.isnan(day)), point.came & ops.negate(ops.isnan(week))
    gain = _gain(ops, pace, SKILL_S, state.day_judged, daily)
    state.level_miss = state.level_miss + gain * (abs(point.root - state.level) - state.level_miss)
    off = ops.where(daily, abs(point.root - day), state.day_miss)
    state.day_miss = state.day_miss + gain * (off - state.day_miss)
    gain = _gain(ops, pace, SKILL_S, state.week_judged, weekly)
    off = ops.where(weekly, abs(point.root - week), state.week_miss)
    state.week_miss = state.week_miss + gain * (off - state.week_miss)
    state.day_judged = state.day_judged + daily
    state.week_judged = state.week_judged + weekly
