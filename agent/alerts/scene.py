"""What spike rules look at: the burn of recent windows beside what is usual, for every series at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.alerts.memory import LEVEL_OF, BurnMemory
from agent.analytics.detector import HOUR_S, Floats, Hours, Judgement, at_columns, expectation, judge
from agent.analytics.spike import KEY, WINDOWS, Ints, Traffic
from agent.ledger.alert_store import AlertStore, BurnCell, Called, Whose
from agent.ledger.kinds import Kind

SLOT_S = 300
SHORT_S = 3_600
"""Windows up to this length are made of slots; longer ones of whole hours."""

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
        first = max(SHORT_S - seconds, 0) // SLOT_S
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
    read = store.cells(start, at, SLOT_S)
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
    slots = np.zeros((len(parts), SHORT_S // SLOT_S))
    for row, group in enumerate(cells):
        for cell in group:
            slots[row, cell.slot] += cell.credits_nano / _NANO
    judged: list[Judgement] = []
    traffic: list[Traffic] = []
    for window in WINDOWS:
        if window.seconds <= SHORT_S:
            burnt = slots[:, -(window.seconds // SLOT_S) :].sum(axis=1)
            seen = Traffic(member, burnt)
            values, end = seen.overlap(0, count), at
        else:
            values, end = _last_hours(hours, window.seconds // HOUR_S), hours.end
            seen = traffic[-1]
        judged.append(judge(values, window.seconds, expectation(hours, end - window.seconds, end)))
        traffic.append(seen)
    return judged, traffic


def _last_hours(hours: Hours, count: int) -> Floats:
    width = hours.credits.shape[1]
    last = np.nan_to_num(at_columns(hours.credits, np.arange(width - count, width)))
    summed: Floats = last.sum(axis=1)
    return summed
