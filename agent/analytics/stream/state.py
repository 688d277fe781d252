"""All that the detector remembers of a series: a fixed number of values, however long it runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.analytics.stream.ops import Column

VERSION = 1
VIEWS = 5
DAY_BINS = 48
WEEK_BINS = 168
_LISTS = ("record", "reference", "age")
_TABLES = {"day": DAY_BINS, "week": WEEK_BINS}
_ROWS = dict.fromkeys(_LISTS, VIEWS) | _TABLES
_ROWS_A_BLOCK = 24
_BYTES = 8
_VERSION = "version"


@dataclass(slots=True)
class State:
    """One entry a series: columns of a panel, or single numbers. Roots are signed square roots of values."""

    count: Column  # points seen
    at: Column  # epoch seconds of the newest point
    width: Column  # usual seconds between points
    widths: Column  # on how many gaps that rests
    last: Column  # newest value
    fast: Column  # moving mean of values, a few points long
    fast_root: Column  # the same of roots
    slow: Column  # moving mean of values, about a hundred points long
    slow_root: Column
    level: Column  # moving mean of roots over a day
    size: Column  # moving mean of magnitudes of values over a day
    size_root: Column
    excess: Column  # moving mean of values above what is expected, a few points long
    offset: Column  # moving mean of roots off the season, some forty points long
    spread: Column  # usual distance of a root from what is expected
    level_miss: Column  # usual error of level, day profile and week profile
    day_miss: Column
    week_miss: Column
    day_judged: Column  # on how many points these errors rest
    week_judged: Column
    habit: Column  # how far findings of the last hours have raised the bar
    calm: Column  # seconds since something was novel
    day_sum: Column  # roots since the present half hour began, and how many
    day_count: Column
    week_sum: Column  # the same since the present hour began
    week_count: Column
    record: list[Column]  # fading record of each view
    reference: list[Column]  # what it was some hours ago
    age: list[Column]  # points since the view first said anything
    day: Any  # usual root by half hour of the day: bins, each with an entry a series
    week: Any  # usual root by hour of the week


def _names() -> list[str]:
    return [field.name for field in fields(State)]


def single_state() -> State:
    """The state of one series of which nothing has come yet, in plain numbers."""
    empty: dict[str, Any] = dict.fromkeys(_names(), 0.0)
    empty |= {name: [0.0] * VIEWS for name in _LISTS}
    empty |= {name: [math.nan] * bins for name, bins in _TABLES.items()}
    return State(**empty)


def panel_state(series: int) -> State:
    """The state of many series of which nothing has come yet."""
    empty: dict[str, Any] = {name: np.zeros(series) for name in _names()}
    empty |= {name: [np.zeros(series) for _ in range(VIEWS)] for name in _LISTS}
    empty |= {name: np.full((bins, series), np.nan) for name, bins in _TABLES.items()}
    return State(**empty)


def _arrays(state: State) -> dict[str, NDArray[np.float64]]:
    """Everything as arrays whose last axis is the series."""
    return {
        name: np.stack(getattr(state, name)) if name in _LISTS else getattr(state, name) for name in _names()
    }


def _of_arrays(arrays: dict[str, NDArray[np.float64]]) -> State:
    parts: dict[str, Any] = {name: list(array) if name in _LISTS else array for name, array in arrays.items()}
    return State(**parts)


def joined(first: State, second: State) -> State:
    """The series of both, one after the other."""
    other = _arrays(second)
    return _of_arrays(
        {name: np.concatenate([array, other[name]], axis=-1) for name, array in _arrays(first).items()}
    )


def taken(state: State, places: NDArray[np.int64]) -> State:
    """Only the series at `places`."""
    return _of_arrays({name: array[..., places] for name, array in _arrays(state).items()})


def size_in_bytes(state: State) -> int:
    """Memory that a panel's state takes."""
    return sum(array.nbytes for array in _arrays(state).values())


def to_blocks(state: State) -> Iterator[tuple[str, bytes]]:
    """A panel's state as named blocks of some megabytes at most, to be kept and read by `from_blocks`.

    One after the other, so that keeping the state does not need as much memory as the state.
    """
    yield _VERSION, str(VERSION).encode()
    for name in _names():
        value = getattr(state, name)
        rows = value if name in _ROWS else [value]
        for first in range(0, len(rows), _ROWS_A_BLOCK):
            part = np.asarray(rows[first : first + _ROWS_A_BLOCK], dtype="<f8")
            yield f"{name}.{first}", part.tobytes()


def from_blocks(blocks: Mapping[str, bytes]) -> State | None:
    """The state kept in blocks; None where an other version wrote them, or where they do not fit together."""
    if blocks.get(_VERSION) != str(VERSION).encode():
        return None
    series = len(blocks.get("count.0", b"")) // _BYTES
    arrays = {}
    for name in _names():
        count = _ROWS.get(name, 1)
        kept = b"".join(blocks.get(f"{name}.{first}", b"") for first in range(0, count, _ROWS_A_BLOCK))
        if len(kept) != count * series * _BYTES:
            return None
        values = np.frombuffer(kept, dtype="<f8").astype(np.float64)
        arrays[name] = values.reshape(count, series) if name in _ROWS else values
    return _of_arrays(arrays)
