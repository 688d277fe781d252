"""Which of many series makes a rise: one incident, one culprit. Pure functions on arrays.

A key that runs away lifts its team, its models and the whole as well. The largest rise is looked at first;
if one key (else one team, else one model) explains most of it, that one is the culprit, and what it explains
is taken from every other series before the next rise is looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.analytics.detector import Flags, Floats, Judgement

Ints = NDArray[np.int64]

_DEVIATIONS = 4.0
_HOLDS = 0.5  # an alert stays while this part of its limits is still exceeded
_LEAST_REQUESTS = 10.0  # what rests on fewer is an accident, not a rise
_NEARLY = 0.7  # what explains a rise that exceeds the limits need not quite exceed them itself
_UNEXPLAINED = 0.5  # a rise of which culprits explain more is theirs
_MAX_CULPRITS = 8
_SMALLEST_NUMBER = 1e-12

TOTAL, TEAM, MODEL, KEY = range(4)
"""Levels of series, in the order of the columns of `Traffic.member`."""

# The most specific first, with the part of a rise that it must explain to be named for it.
_SPECIFIC = ((KEY, 0.5), (TEAM, 0.6), (MODEL, 0.6))


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch before now that is judged. The shorter, the larger a rise must be."""

    name: str
    seconds: int
    rise: float  # above expected, relative
    share: float  # of the settings' share of the organization's burn
    confirm: int | None = None  # position of the shorter window that must still show it


WINDOWS = (
    Window("5m", 300, rise=0.8, share=1.4),
    Window("15m", 900, rise=0.5, share=1.0),
    Window("1h", 3_600, rise=0.4, share=1.0, confirm=1),
    Window("6h", 21_600, rise=0.35, share=0.6, confirm=1),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rise must exceed, as the settings say it."""

    sensitivity: float = 1.0
    min_credits_per_hour: float = 100.0
    min_share: float = 0.05

    def exceeded(self, judged: Judgement, window: Window, explained: Floats, *, part: float = 1.0) -> Flags:
        """Series whose rise, beyond what is explained, exceeds `part` of every limit of a window."""
        factor = part / self.sensitivity
        excess = judged.excess - explained
        floor = self.least(window, judged.seconds, float(judged.expected[0]))
        return (
            (judged.deviation(explained) >= _DEVIATIONS * factor)
            & (judged.weight >= _LEAST_REQUESTS)
            & (excess >= window.rise * factor * judged.expected)
            & (excess >= _UNEXPLAINED * judged.excess)
            & (excess >= floor * part)
        )

    def holds(self, judged: Judgement, window: Window) -> Flags:
        """Series that are still too high for an alert on them to end."""
        return self.exceeded(judged, window, np.zeros_like(judged.expected), part=_HOLDS)

    def score(self, deviations: float) -> float:
        """0..1; 0.5 is where a rise becomes an alert."""
        return max(deviations, 0.0) / (max(deviations, 0.0) + _DEVIATIONS / self.sensitivity)

    def least_rate(self, usual: float) -> float:
        """The floor in credits a minute, where the organization usually burns `usual` a minute."""
        return max(self.min_credits_per_hour / 60, self.min_share / self.sensitivity * usual)

    def least(self, window: Window, seconds: float, usual: float) -> float:
        """The floor of a rise in credits, where the organization usually burns `usual` in the window."""
        return max(
            self.min_credits_per_hour * seconds / 3_600,
            self.min_share * window.share / self.sensitivity * usual,
        )


@dataclass(frozen=True, slots=True)
class Traffic:
    """What burns in a window by its smallest parts, and which series each part belongs to."""

    member: Ints  # parts x levels: rows of the series; -1 where a part has none (an unnamed key)
    credits: Floats  # parts

    def overlap(self, series: int, count: int) -> Floats:
        """Credits that each of `count` series shares with one of them."""
        parts = (self.member == series).any(axis=1)
        shared = np.zeros(count)
        for level in range(self.member.shape[1]):
            rows = self.member[parts, level]
            shared += np.bincount(rows[rows >= 0], self.credits[parts][rows >= 0], minlength=count)
        return shared


@dataclass(frozen=True, slots=True)
class Rise:
    """A culprit: the row of its series, the position of the window, and its excess in credits."""

    series: int
    window: int
    excess: float
    deviations: float


def culprits(
    judged: Sequence[Judgement],
    traffic: Sequence[Traffic],
    levels: Ints,
    limits: Limits,
    known: Sequence[int] = (),
) -> list[Rise]:
    """The culprits over all windows, the shortest window that shows one first.

    `judged` and `traffic` go by window, `levels` says the level of each series; series 0 is the whole.
    `known` are culprits already: one of them is named again where a window shows it by itself.
    """
    found: list[Rise] = []
    for position, window in enumerate(WINDOWS[: len(judged)]):
        search = _Search(judged[position], traffic[position], levels, limits, window)
        if window.confirm is not None:
            search.candidates &= limits.holds(judged[window.confirm], WINDOWS[window.confirm])
        found += [rise for series in known if (rise := search.known(series, position, found))]
        for culprit in dict.fromkeys([*known, *(rise.series for rise in found)]):
            search.explain(culprit)
        while len(found) < _MAX_CULPRITS and (series := search.next()) is not None:
            excess, deviations = search.measures(series)
            found.append(Rise(series, position, excess, deviations))
            search.explain(series)
    return found


class _Search:
    """Takes one culprit after another out of the rises of a window."""

    def __init__(
        self, judged: Judgement, traffic: Traffic, levels: Ints, limits: Limits, window: Window
    ) -> None:
        self._judged = judged
        self._traffic = traffic
        self._levels = levels
        self._limits = limits
        self._window = window
        self._explained = np.zeros_like(judged.expected)
        self.candidates = np.ones(len(levels), dtype=np.bool_)

    def next(self) -> int | None:
        """The culprit of the largest rise that is left; None when there is none."""
        left = self._limits.exceeded(self._judged, self._window, self._explained) & self.candidates
        if not left.any():
            return None
        excess = np.where(left, self._judged.excess - self._explained, -np.inf)
        return self._narrow(int(excess.argmax()))

    def known(self, series: int, position: int, found: Sequence[Rise]) -> Rise | None:
        """A known culprit, if it has not been found by a window yet and exceeds the limits of this one."""
        if any(rise.series == series for rise in found):
            return None
        exceeded = self._limits.exceeded(self._judged, self._window, self._explained) & self.candidates
        return Rise(series, position, *self.measures(series)) if exceeded[series] else None

    def measures(self, series: int) -> tuple[float, float]:
        """Excess in credits and in standard deviations."""
        return float(self._judged.excess[series]), float(self._judged.deviation()[series])

    def explain(self, series: int) -> None:
        """Takes what a culprit explains from every series; what lies within it is explained whole."""
        overlap = self._traffic.overlap(series, len(self._levels))
        own = overlap[series]
        # The traffic may be of a shorter window than the judgement: only its proportions count.
        scale = self._judged.credits[series] / own if own > 0 else 0.0
        excess = max(float(self._judged.excess[series]), 0.0)
        self._explained = self._explained + np.minimum(excess, overlap * scale)
        whole = self._traffic.overlap(0, len(self._levels))
        within = (overlap >= 0.5 * np.maximum(whole, _SMALLEST_NUMBER)) & (
            self._levels > self._levels[series]
        )
        self._explained[within] = np.inf
        self._explained[series] = np.inf

    def _narrow(self, series: int) -> int:
        """The most specific series that explains most of a rise and is unusual itself."""
        excess = self._judged.excess - self._explained
        factor = _NEARLY / self._limits.sensitivity
        unusual = self._judged.deviation(self._explained) >= _DEVIATIONS * factor
        unusual &= excess >= self._window.rise * factor * self._judged.expected
        part = np.minimum(excess, self._traffic.overlap(series, len(self._levels)))
        for level, most in _SPECIFIC:
            if level == self._levels[series]:
                break
            explains = np.where(unusual & (self._levels == level), part, -np.inf)
            best = int(explains.argmax())
            if explains[best] >= most * excess[series]:
                return best
        return series
