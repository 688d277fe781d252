"""What a time of the day or of the week usually has: profiles that learn as they go.

The period comes from the time stamps alone. A profile holds one mean a bin; when a bin is over, the mean of
what came in it moves the profile. Between the middles of bins the usual value runs linearly, as traffic does.
"""

from __future__ import annotations

from typing import Any

from agent.analytics.stream.ops import Column, Ops

DAY = 86_400
WEEK = 604_800
LEARN = 0.4  # share of the newest day (week) in a bin: three of them make the profile
CLIP = 4.0  # usual distances by which one day can move a bin: an incident is no new habit


def look_up(ops: Ops, profile: Any, at: Column, period: int) -> Column:
    """The usual value at each series' time; NaN where no period has been seen yet."""
    bins = len(profile)
    position = (at % period) * (bins / period) - 0.5
    left = ops.whole(position)
    before = ops.pick(profile, left % bins)
    after = ops.pick(profile, (left + 1) % bins)
    usual = before + (position - left) * (after - before)
    # Where only one neighbour is known (hourly data fill every other half hour) it stands for both.
    one = ops.where(ops.isnan(before), after, before)
    return ops.where(ops.isnan(usual), one, usual)


def learn(
    ops: Ops,
    profile: Any,
    sums: Column,
    counts: Column,
    period: int,
    times: tuple[Column, Column],
    root: Column,
    spread: Column,
    came: Column,
) -> tuple[Column, Column]:
    """Takes one point a series into the bin's sum and count, which it returns.

    `times` are those of the point before and of this one: between bins the profile moves.
    """
    bins = len(profile)
    width = period // bins
    before, at = times
    over = came & (counts > 0) & (before // width != at // width)
    place = ops.whole((before % period) // width)
    known = ops.pick(profile, place)
    mean = sums / ops.maximum(counts, 1.0)
    reach = CLIP * spread
    move = ops.maximum(ops.minimum(mean - known, reach), -reach)
    ops.put(profile, place, ops.where(over, ops.where(ops.isnan(known), mean, known + LEARN * move), known))
    kept = ops.where(over, 0.0, 1.0)
    return sums * kept + ops.where(came, root, 0.0), counts * kept + came
