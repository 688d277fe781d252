"""The streaming detector: many series judged at once, point by point, with a fixed memory each.

A point is seen from several sides (`_views`), each a magnitude; how far they exceed what the series has shown
before is its novelty. Nothing looks ahead, nothing is random, and units do not matter.
"""

from __future__ import annotations

import numpy as np

from agent.analytics.stream import novelty
from agent.analytics.stream.season import DAY, WEEK, learn, look_up
from agent.analytics.stream.state import PanelState, empty_state, from_bytes, joined, to_bytes
from agent.analytics.stream.verdict import Flags, Floats, Ints, Reason, Verdicts

FAST = 3.0  # points
SLOW = 100.0
OFFSET = 30.0
LEVEL_S = 86_400.0
SKILL_S = 2 * 86_400.0
WARM = 30  # points before anything is judged
_FLOOR = 0.005  # of the usual magnitude: smaller differences are nobody's concern
_BAND = 4.0  # usual distances on either side of what is expected
_CLIP = 4.0
_MOST_STEPS = 50.0


class StreamPanel:
    """Judges series as their points come; each has its own clock, which is its data."""

    def __init__(self, series: int = 0, *, state: PanelState | None = None) -> None:
        self._state = empty_state(series) if state is None else state

    @property
    def series(self) -> int:
        """How many series there are."""
        return self._state.series

    @property
    def nbytes(self) -> int:
        """Memory that the series take."""
        return self._state.nbytes

    def add(self, series: int) -> None:
        """Appends series of which nothing is known yet."""
        self._state = joined(self._state, empty_state(series))

    def to_bytes(self) -> bytes:
        """All that the panel remembers, as one block."""
        return to_bytes(self._state)

    @classmethod
    def from_bytes(cls, block: bytes) -> StreamPanel | None:
        """The panel that `to_bytes` kept; None where an other version of burndeck wrote it."""
        state = from_bytes(block)
        return None if state is None else cls(state=state)

    def step(self, at: int | Ints, values: Floats, present: Flags | None = None) -> Verdicts:
        """Judges one point a series and learns it.

        `at` is epoch seconds, one for all or one a series. A series that is not `present`, or whose value is
        not a finite number, has score 0 and learns nothing.
        """
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return self._step(np.broadcast_to(np.asarray(at, np.int64), values.shape), values, present)

    def _step(self, at: Ints, values: Floats, present: Flags | None) -> Verdicts:
        state = self._state
        came = np.isfinite(values) if present is None else present & np.isfinite(values)
        value = np.where(came, values, 0.0)
        root = _root(value)
        elapsed, steps = _time(state, at, came)
        first = came & (state.count == 0)
        for array, start in ((state.slow, _both(value, root)), (state.fast, _both(value, root))):
            array[:] = np.where(first, start, array)
        state.level = np.where(first, root, state.level)
        state.last = np.where(first, value, state.last)

        day, week = look_up(state.day, at, DAY), look_up(state.week, at, WEEK)
        season, expected = _expected(state, day, week)
        usual = _unroot(expected)
        views, signs = _views(state, value, root, usual, season, steps, came)
        floors = _FLOOR * state.size[[0, 1, 0, 1, 0]]
        ratios = novelty.novelty(state, views, floors, elapsed, came)
        judged = came & (state.count >= WARM)
        left = novelty.habituated(state, np.where(judged, novelty.combined(ratios), -1.0), elapsed, came)
        verdicts = self._verdicts(state, judged, left, ratios, signs, expected)
        _learn(state, at, value, root, day, week, expected, steps, came)
        return verdicts

    @staticmethod
    def _verdicts(
        state: PanelState, judged: Flags, left: Floats, ratios: Floats, signs: Floats, expected: Floats
    ) -> Verdicts:
        view = ratios.argmax(axis=0)
        rising = signs[view, np.arange(len(view))] > 0
        reason = np.array(
            [Reason.RISE, Reason.RISE, Reason.SPIKE, Reason.UNUSUAL_HOUR, Reason.RISE], np.int8
        )[view]
        reason = np.where(~rising & (reason != Reason.UNUSUAL_HOUR), np.int8(Reason.FALL), reason)
        reason = np.where(rising & (state.size[0] == 0), np.int8(Reason.START), reason)
        known = state.count > 0
        reach = _BAND * state.spread
        return Verdicts(
            score=np.where(judged, novelty.score(left), 0.0),
            expected=np.where(known, _unroot(expected), np.nan),
            low=np.where(known, _unroot(expected - reach), np.nan),
            high=np.where(known, _unroot(expected + reach), np.nan),
            reason=np.where(judged, reason, np.int8(Reason.NONE)).astype(np.int8),
            rising=rising & judged,
        )


def _root(value: Floats) -> Floats:
    """Signed square root: evens out the noise of counts, and units stay a factor."""
    root: Floats = np.sign(value) * np.sqrt(np.abs(value))
    return root


def _unroot(root: Floats) -> Floats:
    value: Floats = root * np.abs(root)
    return value


def _both(value: Floats, root: Floats) -> Floats:
    return np.stack([value, root])


def _time(state: PanelState, at: Ints, came: Flags) -> tuple[Floats, Floats]:
    """Seconds since the point before, and how many usual widths that is.

    A stamp that repeats or runs back counts as no time passed. The width follows the median of the gaps.
    """
    gap = np.where(state.count > 0, at - state.at, 0).astype(np.float64)
    forward = came & (gap > 0)
    fresh = forward & (state.widths == 0)
    state.width = np.where(fresh, gap, np.where(state.width > 0, state.width, 60.0))
    reach = np.maximum(1 / (state.widths + 1), 0.01)
    move = np.clip(np.log(np.where(forward, gap, state.width) / state.width), -reach, reach)
    state.width = state.width * np.exp(move)
    state.widths += forward
    elapsed = np.maximum(gap, 0.0)
    steps = np.where(forward, np.clip(elapsed / state.width, 0.1, _MOST_STEPS), 1.0)
    return elapsed, steps


def _gain(steps: Floats, length: Floats | float, seen: Floats, came: Flags) -> Floats:
    """Weight of a point in a moving mean `length` points long; a plain mean while there are fewer."""
    gain: Floats = np.where(came, np.maximum(1 - np.exp(-steps / length), 1 / (seen + 1)), 0.0)
    return gain


def _expected(state: PanelState, day: Floats, week: Floats) -> tuple[Floats, Floats]:
    """The season (NaN without one), and what is expected: the season as far as it has proved itself."""
    level_miss, day_miss, week_miss = state.misses
    weekly = ~np.isnan(week) & (np.isnan(day) | ((state.judged[1] > 0) & (week_miss < day_miss)))
    season = np.where(weekly, week, day)
    miss = np.where(weekly & (state.judged[1] > 0), week_miss, day_miss)
    with np.errstate(divide="ignore"):
        skill = np.clip(2 * (1 - miss / level_miss), 0.0, 1.0)
    trusted = np.where(~np.isnan(season) & (state.judged[0] > 0) & (level_miss > 0), skill, 0.0)
    expected = state.level + trusted * np.where(trusted > 0, season - state.level, 0.0)
    return season, expected


def _views(
    state: PanelState, value: Floats, root: Floats, usual: Floats, season: Floats, steps: Floats, came: Flags
) -> tuple[Floats, Floats]:
    """Magnitudes of what is unusual, views x series, and on which side it is."""
    seen = state.count
    state.fast += _gain(steps, FAST, seen, came) * (_both(value, root) - state.fast)
    state.excess += _gain(steps, FAST, seen, came) * (value - usual - state.excess)
    off = np.where(np.isnan(season), 0.0, root - season)
    state.offset += _gain(steps, OFFSET, seen, came) * (off - state.offset)
    signed = np.stack(
        [
            state.fast[0] - state.slow[0],
            np.maximum(state.fast[1] - state.slow[1], 0.0),
            value - state.last,
            state.offset,
            np.maximum(state.excess, 0.0),
        ]
    )
    return np.abs(signed), signed


def _learn(
    state: PanelState,
    at: Ints,
    value: Floats,
    root: Floats,
    day: Floats,
    week: Floats,
    expected: Floats,
    steps: Floats,
    came: Flags,
) -> None:
    """Everything but the records, which learn where they judge."""
    seen = state.count
    pace = steps * state.width
    day_gain = _gain(pace, LEVEL_S, seen, came)
    miss = np.abs(root - expected)
    limit = np.where(seen < WARM, np.inf, _CLIP * state.spread)
    state.spread += day_gain * (np.minimum(miss, limit) - state.spread)
    for row, (usual, judge) in enumerate(((state.level, 0), (day, 0), (week, 1))):
        there = came & ~np.isnan((day, week)[judge])
        gain = _gain(pace, SKILL_S, state.judged[judge], there)
        state.misses[row] += gain * np.where(there, np.abs(root - usual) - state.misses[row], 0.0)
    state.judged[0] += came & ~np.isnan(day)
    state.judged[1] += came & ~np.isnan(week)
    both = _both(value, root)
    state.slow += _gain(steps, SLOW, seen, came) * (both - state.slow)
    state.level += day_gain * (root - state.level)
    state.size += day_gain * (np.abs(both) - state.size)
    learn(state.day, state.day_sum, state.day_count, DAY, state.at, at, root, state.spread, came)
    learn(state.week, state.week_sum, state.week_count, WEEK, state.at, at, root, state.spread, came)
    state.last = np.where(came, value, state.last)
    state.at = np.where(came, np.maximum(at, state.at), state.at)
    state.count = state.count + came
