"""What was changed meanwhile, as marks of a plot."""

from __future__ import annotations

from collections.abc import Sequence

from agent.domain.change import PlotMark
from console import format as fmt
from console.view import DAY_S
from console.widgets.chart import Instant


def change_marks(marks: Sequence[PlotMark], start: int, end: int) -> list[Instant]:
    """Marks on the axis from `start` to `end`: releases are named first, then the newest."""
    inside = [mark for mark in marks if start <= mark.at < end]
    inside.sort(key=lambda mark: (not mark.release, -mark.at))
    tell = fmt.clock if end - start <= DAY_S else fmt.day
    return [
        Instant((mark.at - start) / (end - start), f"{tell(mark.at)} {mark.text}".strip()) for mark in inside
    ]
