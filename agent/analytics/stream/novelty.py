"""How new is a magnitude? Against the fading record of what a series has shown before.

A record halves within days, and one incident can raise it only so far: a past spike does not hide the next.
No distribution is assumed, so heavy tails and chronic spikes set their own bar.
"""

from __future__ import annotations

import numpy as np

from agent.analytics.stream.state import PanelState
from agent.analytics.stream.verdict import Flags, Floats

DAY = 86_400.0
HOUR = 3_600.0
RECORD_HALF_S = 9 * DAY
RECORD_HALF_POINTS = 60.0  # at least: daily series have few points
RAISE = 2.0  # of what the record was some hours ago: what one incident can do to it
RAISE_POINT = 1.4  # what one point can
REFERENCE_HALF_S = 4 * HOUR
LEARN_S = DAY  # until then a record takes what comes
LEARN_POINTS = 30.0
EARLY = 10.0  # points: how much the bar is raised while records are young
HABIT_HALF_S = 4 * HOUR
HABIT_HALF_POINTS = 4.0
HABIT_GAIN = 1.3  # a finding must surpass the one before by this
SHARPNESS = 5.0  # how far the most novel view outweighs the others
STEEPNESS = 4.0
LEAST, MOST = -3.0, 5.0


def novelty(state: PanelState, views: Floats, floors: Floats, elapsed: Floats, came: Flags) -> Floats:
    """Log ratio of each view to its record, which then learns it."""
    record = state.record * 0.5 ** (elapsed / np.maximum(RECORD_HALF_S, RECORD_HALF_POINTS * state.width))
    with np.errstate(divide="ignore"):
        ratio = np.log((views + floors) / (record + floors))
    early = np.log1p(EARLY / np.maximum(state.age, 1.0))
    ratio = np.where(views > floors, np.clip(ratio - early, LEAST, MOST), LEAST)

    state.age += came & ((state.age > 0) | (views > 0))
    young = state.age < np.maximum(LEARN_S / state.width, LEARN_POINTS)
    bound = np.minimum(state.reference * RAISE, record * RAISE_POINT)
    raised = np.maximum(record, np.where(young, views, np.minimum(views, bound)))
    follow = 1 - 0.5 ** (np.maximum(elapsed, state.width) / REFERENCE_HALF_S)
    reference = np.where(young, raised, state.reference + follow * (raised - state.reference))
    state.record = np.where(came, raised, state.record)
    state.reference = np.where(came, reference, state.reference)
    return ratio


def combined(ratios: Floats) -> Floats:
    """One figure of all views: one clearly new view is enough, and several slightly new ones are."""
    together: Floats = np.log(np.exp(SHARPNESS * ratios).mean(axis=0)) / SHARPNESS
    return together


def habituated(state: PanelState, novel: Floats, elapsed: Floats, came: Flags) -> Floats:
    """What is left of a novelty after the findings of the last hours, which it then joins.

    The bar comes down again only while the series is calm: an incident is one finding, not hundreds.
    """
    half = np.maximum(HABIT_HALF_S, HABIT_HALF_POINTS * state.width)
    bar = np.where(novel > 0, state.habit, state.habit * 0.5 ** (elapsed / half))
    state.habit = np.where(came, np.maximum(bar, HABIT_GAIN * novel), state.habit)
    left: Floats = novel - bar
    return left


def score(left: Floats) -> Floats:
    """0..1, and 0.5 where a point is just as new as it takes to be a finding."""
    value: Floats = 1 / (1 + np.exp(-STEEPNESS * left))
    return value
