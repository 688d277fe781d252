"""A series in one line of block characters."""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = " ▁▂▃▄▅▆▇█"


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
    """The series in `width` cells, scaled to its own highest point; unknown points are blank."""
    columns = resample(points, width)
    top = max((point for point in columns if point is not None), default=0.0)
    if top <= 0:
        return "".join(" " if point is None else BLOCKS[1] for point in columns).rjust(width)
    return "".join(" " if p is None else BLOCKS[max(1, min(8, round(p / top * 8)))] for p in columns).rjust(
        width
    )
