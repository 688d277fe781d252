"""The plots of the Burn screen: the last hour by minute and the last 24 hours by hour, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from agent.reports.burn_report import BurnReport, Series
from agent.reports.figure import SHORT
from console import format as fmt
from console.screens.marks import change_marks
from console.widgets import chart
from console.widgets.ink import Line, Span, Tone, beside, first_that_fits, spread, width_of

GAP = 3


def draw_plots(report: BurnReport, width: int, height: int) -> list[Line]:
    """Both plots in `height` lines: heading, plot, time axis."""
    each = (width - 2 - GAP) // 2
    blocks = [
        (_plot("LAST HOUR", report.hour, each, height, labels=5 if each > 60 else 3), each),
        (_plot("LAST 24 HOURS", report.day, each, height, labels=7 if each > 60 else 4), each),
    ]
    return [[Span(" "), *line] for line in beside(blocks, GAP)]


def _plot(name: str, series: Series, width: int, height: int, *, labels: int) -> list[Line]:
    layer = SHORT[series.layer] if series.layer is not None else ""
    band = [Span(chart.SHADE, Tone.BAND), Span(" usual  ", Tone.DIM)] if _has_band(series) else []
    trust = [*band, Span(layer, Tone.DIM)]
    room = width - width_of(trust) - 1
    wordings = [[Span(f"{name}  {unit}", Tone.DIM)] for unit in ("credits/min", "cr/min", "")]
    heading = spread(first_that_fits(wordings, room), trust, width)
    if not series.points:
        return [heading, [Span("no data", Tone.DIM)]]
    drawn = chart.Series(
        points=_floats([point.value for point in series.points]),
        low=_floats([point.low for point in series.points]),
        high=_floats([point.high for point in series.points]),
        labels=_times(series, labels),
        changes=change_marks(series.marks, *_span(series)),
        scale=level,
    )
    return [heading, *chart.draw_chart(drawn, width, height - 1)]


def level(value: float) -> str:
    """A level on the axis: without decimals where they would say nothing."""
    return fmt.whole(round(Decimal(value), 6)) if value == 0 or value >= 100 else fmt.number(round(value, 6))


def _has_band(series: Series) -> bool:
    return any(point.high is not None for point in series.points)


def _floats(values: Sequence[Decimal | None]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def _times(series: Series, count: int) -> list[str]:
    start, end = _span(series)
    return [fmt.clock(start + (end - start) * place / (count - 1)) for place in range(count)]


def _span(series: Series) -> tuple[int, int]:
    return series.points[0].at, series.points[-1].at + series.step_s
