"""The burn behind an alert: a rate with its band and the moment it fired, or a month against its tiers."""

from __future__ import annotations

from collections.abc import Sequence

from agent.reports.alert_report import AlertDetail, MonthSeries
from agent.reports.burn_report import Series
from agent.reports.figure import SHORT
from console import format as fmt
from console.screens.burn.plots import level
from console.screens.marks import change_marks
from console.screens.words import tier_words
from console.view import DAY_S
from console.widgets import chart
from console.widgets.ink import Line, Span, Tone, first_that_fits, spread, width_of

LEAST = 4
"""Lines below which a plot says nothing."""
_LOW = chart.NAMED_FROM
"""Lines up to which the heading names what was changed: the chart below it has no line to spare."""
AHEAD_S = 900
"""How much later than its newest data an alert may fire and still be marked, at the right edge."""


def draw_plot(detail: AlertDetail, width: int, height: int) -> list[Line]:
    """Heading, plot and time axis in `height` lines; nothing where nothing burns."""
    if height < LEAST or width < 30:
        return []
    if detail.month is not None:
        return _month(detail, detail.month, width, height)
    if detail.series is not None:
        fired = (detail.entry.fired_at or detail.entry.started_at, _word(detail))
        return draw_rate(detail.series, fired, width, height)
    return []


def draw_rate(
    series: Series, moment: tuple[int, str], width: int, height: int, *, of: str = ""
) -> list[Line]:
    """A burn rate with its band in `height` lines; `moment` is an instant that is marked, and its word."""
    if height < LEAST or width < 30:
        return []
    step = "BY MINUTE" if series.step_s == 60 else "BY HOUR"
    banded = any(point.high is not None for point in series.points)
    layer = SHORT[series.layer] if series.layer is not None else ""
    band = [Span(chart.SHADE, Tone.BAND), Span(" usual  ", Tone.DIM)] if banded else []
    name = f"BURN {step}" + (f"  {of}" if of else "")
    start, end = series.points[0].at, series.points[-1].at + series.step_s
    changes = change_marks(series.marks, start, end)
    trust = [*band, Span(layer, Tone.DIM)]
    heading = _heading(name, "credits/min", trust, width, changes if height <= _LOW else ())
    drawn = chart.Series(
        points=[None if point.value is None else float(point.value) for point in series.points],
        low=[None if point.low is None else float(point.low) for point in series.points],
        high=[None if point.high is None else float(point.high) for point in series.points],
        labels=[fmt.clock(start + (end - start) * place / 4) for place in range(5)],
        instant=_marked(*moment, start, end),
        changes=changes,
        scale=level,
    )
    return [heading, *chart.draw_chart(drawn, width, height - 1)]


def _month(detail: AlertDetail, month: MonthSeries, width: int, height: int) -> list[Line]:
    used = next((point.used for point in reversed(month.points) if point.used is not None), None)
    share = fmt.share(used / month.monthly) if used is not None and month.monthly else fmt.NOTHING
    wide = width >= 64  # two tiers may share a line
    trust = [Span(f"{share} of {fmt.number(month.monthly)} used", Tone.DIM)]
    changes = change_marks(month.marks, month.start, month.end)
    drawn = chart.Series(
        points=[None if point.used is None else float(point.used) for point in month.points],
        marks=[
            chart.Mark(
                float(tier.credits), tier_words(tier.name) + (f" {fmt.share(tier.share)}" if wide else "")
            )
            for tier in month.tiers
        ],
        labels=[fmt.day(month.start), fmt.day((month.start + month.end) / 2), fmt.day(month.end - 1)],
        instant=_marked(
            detail.entry.fired_at or detail.entry.started_at, _word(detail), month.start, month.end
        ),
        changes=changes,
        scale=level,
    )
    heading = _heading("MONTH, ADDED UP BY DAY", "credits", trust, width, changes if height <= _LOW else ())
    return [heading, *chart.draw_chart(drawn, width, height - 1)]


def _word(detail: AlertDetail) -> str:
    return "fired" if detail.entry.fired_at is not None else "began"


def _marked(at: int, word: str, start: int, end: int) -> chart.Instant | None:
    """The moment that counts, where it is in the picture; the clock is somewhat ahead of the data."""
    if not start <= at < end + AHEAD_S:
        return None
    when = fmt.clock(at) if end - start <= DAY_S else fmt.day(at)
    return chart.Instant((at - start) / (end - start), f"{word} {when}")


def _heading(
    name: str, unit: str, trust: list[Span], width: int, changes: Sequence[chart.Instant] = ()
) -> Line:
    """Name and unit, then the changes that the plot has no line for, then what it is to be trusted by."""
    if changes:
        named = chart.draw_names(changes, width - width_of(trust) - len(name) - 4)
        trust, unit = [*named, Span("  "), *trust], ""
    room = width - width_of(trust) - 1
    wordings = [[Span(text, Tone.DIM)] for text in (f"{name}  {unit}".rstrip(), name, "")]
    return spread(first_that_fits(wordings, room), trust, width)
