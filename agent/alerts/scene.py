"""What spike rules look at: the burn of recent windows beside what is usual, for every series that matters.

A rise must come to a share of the organization's burn, so that at most a few dozen series of a level can be
culprits, however many there are: only the hours of these are read and judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.alerts.foreseen import Foreseen
from agent.alerts.memory import LEVEL_OF, WHOLE, BurnMemory
from agent.alerts.minutes import CREDITS, MINUTE_S, REQUESTS, RING
from agent.analytics.detector import (
    DAY_H,
    HOUR_S,
    Floats,
    Hours,
    Judgement,
    chance,
    expectation,
    judge,
    recent_level,
)
from agent.analytics.onset import WINDOWS_M
from agent.analytics.spike import WINDOWS, Ints, Limits, Traffic
from agent.analytics.spike_creep import least_of_day
from agent.domain.planned import Planned
from agent.ledger.alert_store import AlertStore, Called, Whose
from agent.ledger.burn_store import Series
from agent.ledger.kinds import Kind

SHORT_S = RING * MINUTE_S
"""Windows up to this length are made of minutes; longer ones of whole hours."""

_PART = 0.3
"""Of a floor: what burns less than this part of it can neither be a culprit nor explain or keep one."""

_PART_NEWEST = 0.8  # in the newest minutes only what rises by itself is looked for

_LEVELS = tuple(LEVEL_OF)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is judged in one evaluation."""

    at: int
    series: list[Series]
    levels: Ints
    hours: Hours
    judged: list[Judgement]  # by window of WINDOWS
    traffic: list[Traffic]  # by window; the last hour's for longer ones
    whose: list[Whose]  # by part: a context and service that burn
    called: list[Called]
    minutes: NDArray[np.float32]  # measures x parts x minutes of the last hour
    contexts: Mapping[int, Whose]
    services: Mapping[int, Called]
    ids: list[tuple[int, int]]  # by part: ids of context and service
    scores: Floats  # by part: what the streaming detector says of a rise in the newest minutes

    def parts_of(self, series: int) -> Ints:
        """The parts of a series."""
        found: Ints = np.flatnonzero(self.traffic[0].member[:, self.levels[series]] == series)
        return found


def view(
    store: AlertStore,
    memory: BurnMemory,
    at: int,
    limits: Limits,
    wanted: Iterable[Series] = (),
    planned: Sequence[Planned] = (),
) -> Scene:
    """Reads and judges the windows that end at `at`; `wanted` are judged however little they burn."""
    end = at // HOUR_S * HOUR_S
    memory.minutes.sync(store.burn, at)
    memory.stream.sync(store.burn, memory.minutes, at)
    memory.sync(store.burn, end)
    contexts, services = store.contexts(), store.services()
    sums = _Sums(store, memory, at, contexts, services, planned)
    usual = sums.foreseen.hours(store, memory, [WHOLE], end)
    chosen = _chosen(store, memory, sums, usual, limits, wanted)
    hours = sums.foreseen.hours(store, memory, chosen, end)
    levels = np.array([LEVEL_OF[kind] for kind, _ in chosen], dtype=np.int64)
    member = sums.member(chosen, levels)
    judged, traffic = _judge(hours, member, sums, at)
    return Scene(
        at=at,
        series=chosen,
        levels=levels,
        hours=hours,
        judged=judged,
        traffic=traffic,
        whose=sums.whose,
        called=sums.called,
        minutes=sums.minutes,
        contexts=contexts,
        services=services,
        ids=sums.ids,
        scores=memory.stream.scores(sums.rows),
    )


class _Sums:
    """Sums of the short windows by part: a context and service that burnt in the last hour."""

    def __init__(
        self,
        store: AlertStore,
        memory: BurnMemory,
        at: int,
        contexts: Mapping[int, Whose],
        services: Mapping[int, Called],
        planned: Sequence[Planned],
    ) -> None:
        ring = memory.minutes
        minutes = ring.window(at, RING)
        wide = np.zeros((len(minutes), minutes.shape[1]))
        if at % HOUR_S == 0:
            wide = ring.wide(store.burn, at - HOUR_S, memory.mark(at - HOUR_S))
            missing = wide.shape[1] - minutes.shape[1]
            minutes = np.pad(minutes, ((0, 0), (0, missing), (0, 0))) if missing else minutes
        rows = np.flatnonzero(minutes[REQUESTS].any(axis=1) | minutes[CREDITS].any(axis=1) | wide.any(axis=0))
        pairs = ring.pairs
        self.rows = rows
        self.ids = [pairs[row] for row in rows.tolist()]
        self.whose = [contexts[context] for context, _ in self.ids]
        self.called = [services[service] for _, service in self.ids]
        self.minutes = minutes[:, rows]
        self.foreseen = Foreseen(planned, at)
        self._wide = self.foreseen.cut(wide[:, rows], self.minutes, self.whose, self.called)
        self._idents = np.array(
            [
                (0, whose.team_id, called.model_id, whose.api_key_id if whose.api_key else -1)
                for whose, called in zip(self.whose, self.called, strict=True)
            ],
            dtype=np.int64,
        ).reshape(-1, len(_LEVELS))

    def of(self, measure: int, seconds: int) -> Floats:
        """A measure of the last `seconds`, an hour at most, by part."""
        summed: Floats = self.minutes[measure, :, RING - seconds // MINUTE_S :].sum(axis=1, dtype=np.float64)
        return summed + self._wide[measure] if seconds >= SHORT_S else summed

    def above(self, seconds: int, least: float) -> list[Series]:
        """The series that burnt at least so much in the last `seconds`."""
        burnt = self.of(CREDITS, seconds)
        found: list[Series] = []
        for level, kind in enumerate(_LEVELS):
            named = self._idents[:, level] >= 0
            summed = np.bincount(self._idents[named, level], burnt[named])
            found += [(kind, ident) for ident in np.flatnonzero(summed >= max(least, 1e-9)).tolist()]
        return found

    def member(self, chosen: Sequence[Series], levels: Ints) -> Ints:
        """For each part the places of its series among the chosen; -1 where it is not among them."""
        member = np.full(self._idents.shape, -1, dtype=np.int64)
        for level in range(len(_LEVELS)):
            places = np.flatnonzero(levels == level).tolist()
            idents = np.array([chosen[place][1] for place in places], dtype=np.int64)
            if not len(idents) or not len(member):
                continue
            order = np.argsort(idents)
            spot = np.minimum(np.searchsorted(idents[order], self._idents[:, level]), len(idents) - 1)
            found = idents[order][spot] == self._idents[:, level]
            member[found, level] = np.array(places)[order][spot[found]]
        return member


def _chosen(
    store: AlertStore,
    memory: BurnMemory,
    sums: _Sums,
    whole: Hours,
    limits: Limits,
    wanted: Iterable[Series],
) -> list[Series]:
    """The whole, what is wanted, and every series that burns enough to matter in some window."""
    found = {WHOLE: None} | dict.fromkeys(wanted)
    for minutes in WINDOWS_M:
        rate = limits.least_rate(sums.of(CREDITS, SHORT_S).sum() * MINUTE_S / SHORT_S)
        found |= dict.fromkeys(sums.above(minutes * MINUTE_S, _PART_NEWEST * rate * minutes))
    level = recent_level(whole)
    for window in WINDOWS:
        end = whole.end if window.seconds > SHORT_S else sums.foreseen.at
        usual = float(expectation(whole, end - window.seconds, end, level).credits[0])
        least = _PART * limits.least(window, window.seconds, usual)
        if window.seconds <= SHORT_S:
            found |= dict.fromkeys(sums.above(window.seconds, least))
        else:
            start = whole.end - window.seconds
            found |= dict.fromkeys(memory.largest(store.burn, _LEVELS, start, whole.end, least))
    usual_of_day = float(np.nansum(whole.credits[0, -DAY_H:]))
    least = _PART * least_of_day(limits, usual_of_day)
    keys = memory.largest(store.burn, (Kind.API_KEY,), whole.end - DAY_H * HOUR_S, whole.end, least)
    return list(found | dict.fromkeys(keys))


def _judge(hours: Hours, member: Ints, sums: _Sums, at: int) -> tuple[list[Judgement], list[Traffic]]:
    count = len(hours.credits)
    level = recent_level(hours)
    judged: list[Judgement] = []
    traffic: list[Traffic] = []
    for window in WINDOWS:
        end = at if window.seconds <= SHORT_S else hours.end
        if window.seconds <= SHORT_S:
            burnt = sums.of(CREDITS, window.seconds)
            traffic.append(Traffic(member, burnt))
            values = traffic[-1].overlap(0, count)
            by_chance = Traffic(member, chance(burnt, sums.of(REQUESTS, window.seconds))).overlap(0, count)
        else:
            traffic.append(traffic[-1])
            values = _last_hours(hours.credits, window.seconds // HOUR_S)
            by_chance = chance(values, _last_hours(hours.requests, window.seconds // HOUR_S))
        usual = expectation(hours, end - window.seconds, end, level)
        judged.append(judge(values, window.seconds, usual, by_chance))
    return judged, traffic


def _last_hours(values: Floats, count: int) -> Floats:
    summed: Floats = np.nan_to_num(values[:, -count:]).sum(axis=1)
    return summed
