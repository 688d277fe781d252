"""The figures at the top of the Burn screen: one tile a subject, six lines high at most."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from agent.reports.burn_report import Budget, BurnReport
from agent.reports.figure import Figure
from console import format as fmt
from console.screens.words import scope_words
from console.widgets.gauge import Notch, draw_gauge
from console.widgets.ink import EMPTY, Line, Span, Tone, beside, clip, clip_words, first_that_fits, spread

GAP = 3
SOFT, HARD, EXPECTED = "┊", "┃", "◆"
"""Signs on the gauge: soft cap, hard cap, forecast for the month."""

Draw = Callable[[BurnReport, float, int], list[Line]]


class Tile(NamedTuple):
    """A subject: its heading, the figure whose layer and age stand beside it, its lines."""

    title: Callable[[BurnReport], str]
    figure: Callable[[BurnReport], Figure]
    draw: Draw


def draw_tiles(report: BurnReport, now: float, width: int, height: int) -> list[Line]:
    """As many tiles side by side as the width holds, the most important first."""
    count = 4 if width < 118 else 5 if width < 170 else 6
    each = (width - 2 - GAP * (count - 1)) // count
    blocks = []
    for tile in TILES[:count]:
        head = spread([Span(tile.title(report), Tone.DIM)], _trust(tile.figure(report), now), each)
        blocks.append(([head, *tile.draw(report, now, each)][:height], each))
    return [[Span(" "), *line] for line in beside(blocks, GAP)]


def _trust(figure: Figure, now: float) -> list[Span]:
    """The truth layer and the age: `met 1m`."""
    if figure.layer is None or figure.as_of is None:
        return [Span(figure.tag, Tone.DIM)]
    return [Span(f"{figure.tag} {fmt.age(now - figure.as_of)}", Tone.DIM)]


def rising(value: Decimal | None, verdict: str = "") -> Span:
    """A change with its sign and a triangle; its tone says whether it lies outside the band."""
    if value is None:
        return Span("no past", Tone.DIM)
    sign = "▲ " if value > 0 else "▼ " if value < 0 else ""
    tone = {"above": Tone.HOT, "below": Tone.COOL}.get(verdict, Tone.PLAIN)
    return Span(sign + fmt.change(value), tone)


def _fitting(width: int, *wordings: list[Span]) -> Line:
    return first_that_fits(wordings, width)


def _pair(start: str, end: str, width: int, tone: Tone = Tone.PLAIN) -> Line:
    """A label at the left and its value at the right."""
    return spread([Span(start, Tone.DIM)], [Span(end, tone)], width)


def _now_unpriced(report: BurnReport, width: int) -> list[Line]:
    """In place of a zero that nobody measured: what runs has no price."""
    return [
        [Span("unpriced", Tone.WARM)],
        _pair("requests/min", fmt.number(report.requests.value), width),
        *([Span(clip_words(text, width), Tone.DIM)] for text in ("see `burndeck", "report unpriced`")),
    ]


def _now(report: BurnReport, now: float, width: int) -> list[Line]:
    if report.unpriced and not report.burn.value and report.requests.value:
        return _now_unpriced(report, width)
    usual, money = report.usual, fmt.money(report.burn_money.value, report.currency)
    change = rising(report.change, report.verdict)
    band = f"{fmt.number(usual.low.value)}–{fmt.number(usual.high.value)}"
    lines: list[Line] = [
        _fitting(
            width,
            [Span(fmt.number(report.burn.value), Tone.STRONG), Span(" credits/min", Tone.DIM)],
            [Span(fmt.number(report.burn.value), Tone.STRONG), Span(" cr/min", Tone.DIM)],
        ),
        spread([Span(money), Span("/h", Tone.DIM)], [change], width),
    ]
    if usual.expected.value is None:
        return [*lines, [Span("usual not known", Tone.DIM)], _basis(report, width)]
    return [
        *lines,
        _pair("usual", fmt.number(usual.expected.value), width),
        _pair("band", band, width),
        _basis(report, width),
    ]


def _basis(report: BurnReport, width: int) -> Line:
    """What "usual" rests on, in as many words as fit."""
    usual = report.usual
    short = {"hour_of_week": "weekly", "hour_of_day": "daily", "last_day": "last day"}.get(usual.basis, "")
    brief = f"{short}, {usual.samples} h seen" if usual.samples else "no history yet"
    wordings = [[Span(text, Tone.DIM)] for text in (usual.sentence, brief)]
    return _fitting(width, *wordings)


def _totals(report: BurnReport, now: float, width: int) -> list[Line]:
    rows = (
        ("24 h", report.total_24h, report.money_24h),
        ("7 d", report.total_7d, report.money_7d),
        ("30 d", report.total_30d, report.money_30d),
    )
    lines: list[Line] = []
    for name, total, money in rows:
        text = f"{fmt.number(total.value):>5} {fmt.money(money.value, report.currency):>6}"
        lines.append(_pair(name, text, width))
    inference = report.cost_per_inference
    return [
        *lines,
        _pair("inference", fmt.small(inference.all_credits.value), width),
        _unpriced(report, width),
    ]


def _unpriced(report: BurnReport, width: int) -> Line:
    """Models of the last 24 h without a rate, by name where there is room."""
    if not report.unpriced:
        return EMPTY
    names = ", ".join(row.model or "unknown" for row in report.unpriced)
    texts = (f"▲ unpriced: {names}", f"▲ {len(report.unpriced)} unpriced")
    return _fitting(width, *([Span(text, Tone.WARM)] for text in texts))


def organization_budget(report: BurnReport) -> Budget | None:
    """The allocation of the whole organization, if there is one."""
    return next((budget for budget in report.budgets if budget.scope == "organization"), None)


def _month(report: BurnReport, now: float, width: int) -> list[Line]:
    used, budget = report.month_to_date.value, organization_budget(report)
    projected = None if report.status.reading else report.forecast.projected.value
    if budget is None or budget.monthly.value is None or used is None:
        return [
            [Span(fmt.number(used), Tone.STRONG), Span(" credits", Tone.DIM)],
            _pair("money", fmt.money(report.month_money.value, report.currency), width),
            _pair("forecast", fmt.number(projected), width),
            [Span("no allocation", Tone.DIM)],
        ]
    monthly = budget.monthly.value
    tone = {"hard": Tone.HOT, "soft": Tone.WARM}.get(budget.state, Tone.PLAIN)
    money = fmt.money(report.month_money.value, report.currency)
    state = {"hard": "▲ hard cap", "soft": "▲ soft cap"}.get(budget.state, money)
    over = projected is not None and projected > monthly * budget.hard_cap
    return [
        [Span(fmt.number(used), Tone.STRONG), Span(" of ", Tone.DIM), Span(fmt.number(monthly))],
        _gauge(budget, used, projected, width),
        spread([Span(fmt.share(budget.share), tone)], [Span(state, tone)], width),
        _pair(f"{EXPECTED} forecast", fmt.number(projected), width, Tone.WARM if over else Tone.PLAIN),
        _caps(budget, width),
    ]


def _caps(budget: Budget, width: int) -> Line:
    """The caps as the signs on the gauge name them."""
    soft, hard = fmt.share(budget.soft_cap), fmt.share(budget.hard_cap)
    return _fitting(
        width,
        [Span(f"{SOFT} soft {soft}  {HARD} hard {hard}", Tone.DIM)],
        [Span(f"{SOFT} {soft}  {HARD} {hard}", Tone.DIM)],
    )


def _gauge(budget: Budget, used: Decimal, projected: Decimal | None, width: int) -> Line:
    monthly = budget.monthly.value or Decimal(0)
    soft, hard = float(monthly * budget.soft_cap), float(monthly * budget.hard_cap)
    full = max(hard * 1.08, float(used), min(float(projected or 0), hard * 1.5) * 1.02)
    notches = [Notch(soft, SOFT, Tone.WARM), Notch(hard, HARD, Tone.HOT)]
    if projected is not None:
        notches.append(Notch(min(float(projected), full), EXPECTED, Tone.ACCENT))
    return draw_gauge(float(used), full, width, notches, hot=budget.state == "hard")


def _not_yet(report: BurnReport, width: int) -> list[Line]:
    """In place of what would be made of a part of the past only."""
    reading = report.status.reading
    days = f"{reading.days} of {reading.of_days} days" if reading else ""
    return [
        [Span("not yet", Tone.DIM)],
        *([Span(clip_words(t, width), Tone.DIM)] for t in ("reading the past", days)),
    ]


def _runway(report: BurnReport, now: float, width: int) -> list[Line]:
    runway = report.runway
    if runway is not None and report.status.reading:
        return [*_not_yet(report, width), EMPTY, _attributed(report, width)]
    if runway is None:
        hint = clip_words("see burndeck.toml", width)
        return [[Span("no allocation")], [Span(hint, Tone.DIM)], EMPTY, EMPTY, _attributed(report, width)]
    if runway.over:
        time_left, tone = "▲ reached", Tone.HOT
    elif runway.seconds is None:
        time_left, tone = "not this month", Tone.PLAIN
    else:
        near = runway.seconds < 86400
        time_left, tone = fmt.span(runway.seconds), Tone.HOT if near else Tone.STRONG
    lines: list[Line] = [
        [Span(time_left, tone)],
        _fitting(width, [Span("to the ", Tone.DIM), Span(f"{runway.cap} cap")], [Span(f"{runway.cap} cap")]),
        [Span("of ", Tone.DIM), Span(clip(_scope(report, runway.allocation_id), width - 3))],
    ]
    if runway.at is not None and not runway.over:
        lines.append([Span(f"on {fmt.moment(runway.at)}", Tone.DIM)])
    lines.append(_attributed(report, width))
    return lines


def _scope(report: BurnReport, allocation_id: str) -> str:
    """What an allocation is for; its id is longer and says less."""
    scopes = (budget.scope for budget in report.budgets if budget.allocation_id == allocation_id)
    return scope_words(next(scopes, allocation_id))


def _attributed(report: BurnReport, width: int) -> Line:
    known = report.attributed is not None
    low = known and report.attributed < Decimal("0.95")  # type: ignore[operator]
    tone = Tone.WARM if low else Tone.PLAIN
    return _pair("attributed", ("▼ " if low else "") + fmt.share(report.attributed), width, tone)


def _forecast(report: BurnReport, now: float, width: int) -> list[Line]:
    if report.status.reading:
        return _not_yet(report, width)
    forecast = report.forecast
    low, high = forecast.low.value, forecast.high.value
    span = fmt.NOTHING if low is None or high is None else f"{fmt.number(low)}–{fmt.number(high)}"
    return [
        [Span(fmt.number(forecast.projected.value), Tone.STRONG), Span(" credits", Tone.DIM)],
        _pair("smoothed", fmt.number(forecast.smoothed.value), width),
        _pair("4 of 5 in", span, width),
        _pair("average day", fmt.number(forecast.average_day.value), width),
        _pair("days left", str(forecast.days_left), width),
    ]


def _unit(report: BurnReport, now: float, width: int) -> list[Line]:
    cost = report.cost_per_inference
    return [
        [Span(fmt.small(cost.all_credits.value), Tone.STRONG), Span(" credits, all", Tone.DIM)],
        _pair("completions only", fmt.small(cost.completion_credits.value), width),
        _pair("completions", fmt.whole(cost.completions), width),
        _pair("requests/min", fmt.number(report.requests.value), width),
    ]


def _month_name(report: BurnReport) -> str:
    return time.strftime("%B", time.gmtime(report.month_start + 14 * 86400)).upper()


TILES = (
    Tile(lambda report: "BURN NOW", lambda report: report.burn, _now),
    Tile(_month_name, lambda report: report.month_to_date, _month),
    Tile(lambda report: "RUNWAY", lambda report: report.burn, _runway),
    Tile(lambda report: "TOTALS", lambda report: report.total_24h, _totals),
    Tile(lambda report: "FORECAST", lambda report: report.forecast.projected, _forecast),
    Tile(lambda report: "PER INFERENCE", lambda report: report.cost_per_inference.all_credits, _unit),
)
