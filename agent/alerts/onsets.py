"""Keys that have just begun to burn more, from the newest minutes: before any longer window shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.alerts.memory import BurnMemory
from agent.alerts.minutes import CREDITS, MINUTE_S, REQUESTS, RING, TOKENS_CACHED, TOKENS_INPUT
from agent.alerts.past import past_hours
from agent.alerts.scene import Scene
from agent.analytics.detector import HOUR_S
from agent.analytics.onset import GAP, LEAST_BASE, LEAST_RARE, Before, Onset, Recent, onset
from agent.analytics.spike import KEY, Limits
from agent.ledger.alert_store import AlertStore
from agent.ledger.burn_store import BurnCell

_RISING = 2.5  # standard deviations from which on a key counts as one that rises, if not yet beyond doubt
_LEADING = 0.5
"""A key whose rise is less than this part of all that rise beside it is one of many, and no culprit alone."""


@dataclass(frozen=True, slots=True)
class KeyOnset:
    """A key's rise; `series` is its place in the scene."""

    series: int
    onset: Onset


def onsets(store: AlertStore, memory: BurnMemory, scene: Scene, limits: Limits) -> list[KeyOnset]:
    """Keys that rise beyond doubt in the newest minutes, the largest rise first.

    Where many rise at once the reason is not theirs: their team, model or the whole is judged by the longer
    windows.
    """
    known = memory.minutes.known(scene.at)
    if known[:-GAP].sum() < LEAST_BASE:
        return []
    least = _least(scene, limits, known)
    rising = []
    for series in _above(scene, known, least):
        found = onset(*_evidence(store, memory, scene, series, known), least, limits.sensitivity)
        if found is not None and found.deviations >= _RISING:
            rising.append(KeyOnset(series, found))
    rising.sort(key=lambda each: -each.onset.excess / each.onset.minutes)
    left = sum(each.onset.excess / each.onset.minutes for each in rising)
    leading = []
    for each in rising:
        rate = each.onset.excess / each.onset.minutes
        if rate < _LEADING * left:
            break
        left -= rate
        leading.append(each)
    return [each for each in leading if each.onset.sure]


def _least(scene: Scene, limits: Limits, known: NDArray[np.bool_]) -> float:
    """The floor of a rise in credits a minute, against what the organization burnt in the last hour."""
    base = scene.minutes[CREDITS].sum(axis=0, dtype=np.float64)[:-GAP][known[:-GAP]].mean()
    return limits.least_rate(float(base))


def _above(scene: Scene, known: NDArray[np.bool_], least: float) -> list[int]:
    """Keys that burn that much more in the newest minutes than in the hour before; a cheap first look."""
    parts = scene.traffic[0].member[:, KEY]
    named = parts >= 0
    minutes = scene.minutes[CREDITS][named]
    before = minutes[:, :-GAP][:, known[:-GAP]].mean(axis=1, dtype=np.float64)
    found = set[int]()
    for width in (1, 2, 3):
        more = minutes[:, -width:].mean(axis=1, dtype=np.float64) - before
        rise = np.bincount(parts[named], more, minlength=len(scene.series))
        found |= set(np.flatnonzero(rise >= least).tolist())
    return sorted(found)


def _evidence(
    store: AlertStore, memory: BurnMemory, scene: Scene, series: int, known: NDArray[np.bool_]
) -> tuple[Recent, Before]:
    """A key's minutes by service, and the same in the same hours of earlier days and weeks."""
    parts = scene.parts_of(series)
    past = past_hours(store, memory, scene, scene.series[series], MINUTE_S)
    services: dict[int, int] = {}
    rows = [services.setdefault(scene.ids[part][1], len(services)) for part in parts]
    for hour in past.hours:
        for cell in hour:
            services.setdefault(cell.service, len(services))
    minutes = np.zeros((len(scene.minutes), len(services), scene.minutes.shape[2]))
    for row, part in zip(rows, parts.tolist(), strict=True):
        minutes[:, row] += scene.minutes[:, part]
    recent = Recent(
        requests=minutes[REQUESTS],
        tokens_input=minutes[TOKENS_INPUT],
        tokens_cached=minutes[TOKENS_CACHED],
        credits=minutes[CREDITS],
        known=known,
    )
    memory_s = _unseen_s(store, memory, scene, parts, past.hours)
    return recent, _before(past.hours, services, (known.sum() * MINUTE_S + memory_s) / MINUTE_S)


def _unseen_s(
    store: AlertStore,
    memory: BurnMemory,
    scene: Scene,
    parts: NDArray[np.int64],
    hours: Sequence[Sequence[BurnCell]],
) -> float:
    """For how long before the last hour none of the kinds that are new to the past hours burnt either."""
    since = memory.known_since
    known = {(cell.context, cell.service) for hour in hours for cell in hour}
    ever = scene.minutes[REQUESTS][parts]
    begun = (ever[:, :-GAP].sum(axis=1) == 0) & (ever.sum(axis=1) > 0)
    new = [pair for pair in (scene.ids[part] for part in parts[begun]) if pair not in known]
    start = scene.at - RING * MINUTE_S
    if since is None or not new or ever[begun].sum() < LEAST_RARE:
        return float(len(hours)) * HOUR_S
    if any(memory.burnt_before(store.burn, pair, start) for pair in new):
        return float(len(hours)) * HOUR_S
    return float(start - since)


def _before(hours: Sequence[Sequence[BurnCell]], services: dict[int, int], memory: float) -> Before:
    requests, burnt = np.zeros((2, max(len(hours), 1), len(services)))
    for place, hour in enumerate(hours):
        for cell in hour:
            requests[place, services[cell.service]] += cell.requests
            burnt[place, services[cell.service]] += cell.credits_nano / 1e9
    return Before(
        requests=requests.mean(axis=0) / 60,
        credits=burnt.mean(axis=0) / 60,
        largest=burnt.max(axis=0),
        minutes=60.0 * len(hours),
        memory=memory,
    )
