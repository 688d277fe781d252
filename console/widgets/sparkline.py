"""A series in one line of block characters."""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = " ▁▂▃▄▅▆▇█"
LEAST_SPAN = 1.6


def resample(points: Sequence[float | None], columns: int) -> list[float | None]:
    """The points in `columns` columns: means where there are more points, repeated where fewer."""
    if not points or columns <= 0:
        return []
    count = len(points)
    result: list[float | None] = []
    for column in range(columns):
        first = column * count // columns
        last = max(first + 1, (column + 1) * count // columns)
        known = [point for point in points[first:last] if point is not None]
        result.append(sum(known) / len(known) if known else None)
    return result


def sparkline(points: Sequence[float | None], width: int) -> str:
    """The series in `width` cells between its lowest and highest point; unknown points are blank.

    The scale spans at least a factor of 1.6, so that ordinary noise does not look like a spike.
    """
    columns = resample(points, width)
    known = [point for point in columns if point is not None]
    top = max(known, default=0.0)
    base = min(min(known, default=0.0), top / LEAST_SPAN)
    if top <= 0:
        return "".join(" " if point is None else BLOCKS[1] for point in columns).rjust(width)
    heights = (None if point is None else 1 + round((point - base) / (top - base) * 7) for point in columns)
    return "".join(" " if height is None else BLOCKS[height] for height in heights).rjust(width)
