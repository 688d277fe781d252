"""How new is a magnitude? Against the fading record of what a series has shown before.

A record halves within days, and one incident can raise it only so far: a past spike does not hide the next.
No distribution is assumed, so heavy tails and chronic spikes set their own bar.
"""

from __future__ import annotations

from agent.analytics.stream.ops import Column, Ops
from agent.analytics.stream.state import State

DAY = 86_400.0
HOUR = 3_600.0
RECORD_HALF_S = 12 * DAY
RECORD_HALF_POINTS = 60.0  # at least: daily series have few points
RAISE = 1.8  # of what the record was some hours ago: what one incident can do to it
RAISE_POINT = 1.4  # what one point can
REFERENCE_HALF_S = 4 * HOUR
LEARN_S = DAY  # until then a record takes what comes
LEARN_POINTS = 30.0
EARLY_POINTS = 10.0  # how much the bar is raised while records are young
EARLY_S = 0.25 * DAY
EARLY_DAY = 0.35
DENSE_S = 300.0  # closer points have more chances a day to set a record by chance: a higher bar
DENSE = 0.05
HABIT_HALF_S = 4 * HOUR
HABIT_HALF_POINTS = 4.0
HABIT_GAIN = 1.3  # a finding must surpass the one before by this
CALM_S = HOUR  # after so long without novelty an incident is over,
CALM_POINTS = 4.0
CALM_BAR = 0.25  # and this is all that is left of its bar
SHARPNESS = 8.0  # how far the most novel view outweighs the others
STEEPNESS = 4.0
LEAST, MOST = -3.0, 5.0
_TINY = 1e-300


def novelty(
    ops: Ops, state: State, view: int, magnitude: Column, floor: Column, elapsed: Column, came: Column
) -> Column:
    """Log ratio of one view to its record, which then learns it."""
    width, age, reference = state.width, state.age[view], state.reference[view]
    half = ops.maximum(RECORD_HALF_S, RECORD_HALF_POINTS * width)
    record = state.record[view] * 0.5 ** (elapsed / half)
    points = ops.maximum(age, 1.0)
    early = ops.log(1 + EARLY_POINTS / points) + EARLY_DAY * ops.log(1 + EARLY_S / (points * width))
    ratio = ops.log(ops.maximum(magnitude + floor, _TINY)) - ops.log(ops.maximum(record + floor, _TINY))
    ratio = ops.maximum(ops.minimum(ratio - early, MOST), LEAST)

    begun = (age > 0) | ((magnitude > floor) & (state.count > 0))
    age = age + (came & begun)
    young = age < ops.maximum(LEARN_S / width, LEARN_POINTS)
    bound = ops.minimum(reference * RAISE, record * RAISE_POINT)
    raised = ops.maximum(record, ops.where(young, magnitude, ops.minimum(magnitude, bound)))
    follow = 1 - 0.5 ** (ops.maximum(elapsed, width) / REFERENCE_HALF_S)
    state.age[view] = age
    state.record[view] = ops.where(came, raised, state.record[view])
    followed = ops.where(young, raised, reference + follow * (raised - reference))
    state.reference[view] = ops.where(came, followed, reference)
    return ops.where(magnitude > floor, ratio, LEAST)


def combined(ops: Ops, ratios: list[Column], width: Column) -> Column:
    """One figure of all views: one clearly new view is enough, and several slightly new ones are."""
    total = ops.exp(SHARPNESS * ratios[0])
    for ratio in ratios[1:]:
        total = total + ops.exp(SHARPNESS * ratio)
    together = ops.log(total / len(ratios)) / SHARPNESS
    return together - DENSE * ops.log(DENSE_S / ops.minimum(width, DENSE_S))


def habituated(ops: Ops, state: State, novel: Column, elapsed: Column, came: Column) -> Column:
    """What is left of a novelty after the findings of the last hours, which it then joins.

    The bar comes down again only while the series is calm: an incident is one finding, not hundreds.
    """
    new = novel > 0
    half = ops.maximum(HABIT_HALF_S, HABIT_HALF_POINTS * state.width)
    bar = ops.where(new, state.habit, state.habit * 0.5 ** (elapsed / half))
    over = state.calm > ops.maximum(CALM_S, CALM_POINTS * state.width)
    bar = ops.where(over, ops.minimum(bar, CALM_BAR), bar)
    state.calm = ops.where(came, ops.where(new, 0.0, state.calm + elapsed), state.calm)
    state.habit = ops.where(came, ops.maximum(bar, HABIT_GAIN * novel), state.habit)
    return novel - bar


def score(ops: Ops, left: Column) -> Column:
    """0..1, and 0.5 where a point is just as new as it takes to be a finding."""
    return 1 / (1 + ops.exp(-STEEPNESS * left))
