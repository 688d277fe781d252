"""What a time of the day or of the week usually has: profiles that learn as they go.

The period comes from the time stamps alone. A profile holds one mean a bin; when a bin is over, the mean of
what came in it moves the profile. Between the middles of bins the usual value runs linearly, as traffic does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.analytics.stream.verdict import Flags, Floats, Ints

DAY = 86_400
WEEK = 604_800
_LEARN = 0.4  # share of the newest day (week) in a bin: three of them make the profile
_CLIP = 4.0  # usual distances by which one day can move a bin: an incident is no new habit


def look_up(profile: NDArray[np.float32], at: Ints, period: int) -> Floats:
    """The usual value at each series' time; NaN where no period has been seen yet."""
    bins = len(profile)
    position = (at % period) * (bins / period) - 0.5
    left = np.floor(position).astype(np.int64)
    part = position - left
    columns = np.arange(profile.shape[1])
    before = profile[left % bins, columns].astype(np.float64)
    after = profile[(left + 1) % bins, columns].astype(np.float64)
    usual = before + part * (after - before)
    # Where only one neighbour is known (hourly data fill every other half hour) it stands for both.
    one: Floats = np.where(np.isnan(before), after, before)
    return np.where(np.isnan(usual), one, usual)


def learn(
    profile: NDArray[np.float32],
    sums: Floats,
    counts: Floats,
    period: int,
    before: Ints,
    at: Ints,
    root: Floats,
    spread: Floats,
    came: Flags,
) -> None:
    """Takes one point a series in; `before` is the time of the point before it. Changes its first three."""
    bins = len(profile)
    width = period // bins
    over = came & (counts > 0) & (before // width != at // width)
    if over.any():
        where = np.flatnonzero(over)
        bin_ = (before[where] % period) // width
        mean = sums[where] / counts[where]
        known = profile[bin_, where].astype(np.float64)
        move = np.clip(mean - known, -_CLIP * spread[where], _CLIP * spread[where])
        profile[bin_, where] = np.where(np.isnan(known), mean, known + _LEARN * move)
        sums[where] = 0.0
        counts[where] = 0.0
    sums += np.where(came, root, 0.0)
    counts += came
