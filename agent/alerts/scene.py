"""What spike rules look at: the burn of recent windows beside what is usual, for every series at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.alerts.memory import LEVEL_OF, BurnMemory
from agent.analytics.detector import (
    HOUR_S,
    Floats,
    Hours,
    Judgement,
    chance,
    expectation,
    judge,
    recent_level,
)
from agent.analytics.spike import KEY, WINDOWS, Ints, Traffic
from agent.ledger.alert_store import AlertStore, BurnCell, Called, Whose
from agent.ledger.kinds import Kind

SHORT_S = 3_600
"""Windows up to this length are read from the last hour; longer ones are made of whole hours."""

_SHORT = [window for window in WINDOWS if window.seconds <= SHORT_S]

_NANO = 1e9


@dataclass(frozen=True, slots=True)
class Part:
    """One smallest part of the burn: a context and a service, and the rows of the series it belongs to."""

    whose: Whose
    called: Called
    rows: tuple[int, int, int, int]  # by level: total, team, model, key (-1: the key has no name)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is judged in one evaluation."""

    at: int
    series: list[tuple[Kind, int]]
    levels: Ints
    hours: Hours
    judged: list[Judgement]  # by window of WINDOWS
    traffic: list[Traffic]  # by window; the last hour's for longer ones
    parts: list[Part]
    cells: list[list[BurnCell]]  # by part, of the last hour
    start: int  # of the last hour

    def cells_of(self, series: int, seconds: int) -> list[BurnCell]:
        """Cells of one series in the last `seconds`, an hour at most."""
        first = _first_slot(seconds)
        return [
            cell
            for part, cells in zip(self.parts, self.cells, strict=True)
            if series in part.rows
            for cell in cells
            if cell.slot >= first
        ]


def view(store: AlertStore, memory: BurnMemory, at: int) -> Scene:
    """Reads and judges the windows that end at `at`."""
    start = at - SHORT_S
    # A pending read of names must know every context of the cells, so cells come first.
    read = store.cells(start, at, *(at - window.seconds for window in reversed(_SHORT[:-1])))
    parts, cells = _parts(store, memory, read)
    hours = memory.hours(store, at // HOUR_S * HOUR_S)
    series = memory.series
    levels = np.array([LEVEL_OF[kind] for kind, _ in series], dtype=np.int64)
    judged, traffic = _judge(hours, parts, cells, at, len(series))
    return Scene(at, series, levels, hours, judged, traffic, parts, cells, start)


def _parts(
    store: AlertStore, memory: BurnMemory, read: Sequence[BurnCell]
) -> tuple[list[Part], list[list[BurnCell]]]:
    contexts, services = store.contexts(), store.services()
    grouped: dict[tuple[int, int], list[BurnCell]] = {}
    for cell in read:
        grouped.setdefault((cell.context, cell.service), []).append(cell)
    parts = []
    for context, service in grouped:
        whose, called = contexts[context], services[service]
        rows = (
            0,
            memory.row(Kind.TEAM, whose.team_id),
            memory.row(Kind.MODEL, called.model_id),
            memory.row(Kind.API_KEY, whose.api_key_id) if whose.api_key else -1,
        )
        parts.append(Part(whose, called, rows))
    return parts, list(grouped.values())


def _judge(
    hours: Hours, parts: list[Part], cells: list[list[BurnCell]], at: int, count: int
) -> tuple[list[Judgement], list[Traffic]]:
    member = np.array([part.rows for part in parts], dtype=np.int64).reshape(-1, KEY + 1)
    burnt, requests = np.zeros((len(parts), len(_SHORT))), np.zeros((len(parts), len(_SHORT)))
    for row, group in enumerate(cells):
        for cell in group:
            burnt[row, cell.slot] += cell.credits_nano / _NANO
            requests[row, cell.slot] += cell.requests
    level = recent_level(hours)
    judged: list[Judgement] = []
    traffic: list[Traffic] = []
    for window in WINDOWS:
        end = at if window.seconds <= SHORT_S else hours.end
        if window.seconds <= SHORT_S:
            first = _first_slot(window.seconds)
            traffic.append(Traffic(member, burnt[:, first:].sum(axis=1)))
            values = traffic[-1].overlap(0, count)
            jumpy = Traffic(member, chance(traffic[-1].credits, requests[:, first:].sum(axis=1)))
            by_chance = jumpy.overlap(0, count)
        else:
            traffic.append(traffic[-1])
            values = _last_hours(hours.credits, window.seconds // HOUR_S)
            by_chance = chance(values, _last_hours(hours.requests, window.seconds // HOUR_S))
        usual = expectation(hours, end - window.seconds, end, level)
        judged.append(judge(values, window.seconds, usual, by_chance))
    return judged, traffic


def _first_slot(seconds: int) -> int:
    """The slot with which a window of the last hour begins; the last slot is the shortest window."""
    return sum(window.seconds > seconds for window in _SHORT)


def _last_hours(values: Floats, count: int) -> Floats:
    summed: Floats = np.nan_to_num(values[:, -count:]).sum(axis=1)
    return summed
