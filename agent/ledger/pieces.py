"""A stretch of time as what the rollups have of it: whole days, whole hours, and parts of hours. Pure."""

from __future__ import annotations

from dataclasses import dataclass

HOUR_S = 3_600
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Pieces:
    """Starts of whole UTC days and of whole hours, and stretches that are no whole hour."""

    days: tuple[int, ...]
    hours: tuple[int, ...]
    parts: tuple[tuple[int, int], ...]


def pieces(start: int, end: int, *, days: bool) -> Pieces:
    """[start, end) cut into pieces; without `days` also whole days are read by the hour."""
    first, last = -(-start // HOUR_S) * HOUR_S, end // HOUR_S * HOUR_S
    if first > last:
        return Pieces((), (), ((start, end),) if start < end else ())
    parts = tuple((low, high) for low, high in ((start, first), (last, end)) if low < high)
    first_day, last_day = -(-first // DAY_S) * DAY_S, last // DAY_S * DAY_S
    if not days or first_day >= last_day:
        return Pieces((), tuple(range(first, last, HOUR_S)), parts)
    hours = (*range(first, first_day, HOUR_S), *range(last_day, last, HOUR_S))
    return Pieces(tuple(range(first_day, last_day, DAY_S)), hours, parts)
