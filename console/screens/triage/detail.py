"""The selected row of Triage taken apart: cause, owner, caps, health, and what its rise is made of."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from agent.reports.burn_report import Budget
from agent.reports.triage_report import Driver, TriageDetail
from console import format as fmt
from console.screens.triage.drill import WORDS
from console.screens.words import UNATTRIBUTED, scope_words
from console.widgets.gauge import Notch, draw_gauge
from console.widgets.ink import (
    EMPTY,
    Line,
    Span,
    Tone,
    beside,
    clip,
    clip_words,
    first_that_fits,
    fit,
    left,
    right,
    spread,
    width_of,
    wrap,
)

_NOTABLE = Decimal("1.25")
"""Times usual; a rise below that is ordinary, and no warning."""
ROOMY = 22
"""From so many lines on, every fact has a line of its own."""


def draw_detail(detail: TriageDetail, now: float, width: int, height: int) -> list[Line]:
    """The detail in `width` x `height` cells; the cause and the drivers of the rise come before the rest."""
    inner = width - 2
    roomy = height >= ROOMY
    sentence = _sentence(detail, inner)
    drivers = _drivers_listed(detail, inner) if roomy else _drivers_packed(detail, inner)
    facts = _facts_listed(detail, now, inner) if roomy else _facts_packed(detail, now, inner)
    caps = _caps_listed(detail, inner) if roomy else _cap_line(detail, inner)
    blocks = [[_heading(detail, inner)], sentence[: 4 if roomy else 2], drivers, caps, facts]
    lines: list[Line] = []
    for block in blocks:
        if roomy and lines and block:
            lines.append(EMPTY)
        lines += block
    return [[Span(" "), *line] for line in lines[:height]]


def _sentence(detail: TriageDetail, width: int) -> list[Line]:
    """What happened, the likely cause first and in the tone of what burns."""
    if detail.cause is None:
        return [[Span(text)] for text in wrap(detail.sentence, width)]
    now, usual = detail.now.value, detail.usual.value
    grave = now is None or usual is None or now >= _NOTABLE * usual
    cause = f"{'▲ ' if grave else ''}{detail.cause.value.replace('_', ' ')}: "
    first, *others = wrap(cause + detail.sentence, width)
    return [
        [Span(first[: len(cause)], Tone.HOT if grave else Tone.STRONG), Span(first[len(cause) :])],
        *([Span(text)] for text in others),
    ]


def _heading(detail: TriageDetail, width: int) -> Line:
    name = detail.label or detail.value or UNATTRIBUTED
    start = [Span(f"{WORDS[detail.kind]} ", Tone.DIM), Span(name, Tone.STRONG)]
    end = [
        Span(f"  {fmt.number(detail.now.value)}"),
        Span(f" credits in {detail.window_s // 60} min  usual ", Tone.DIM),
        Span(fmt.number(detail.usual.value)),
    ]
    return spread(start, end if width >= 70 else [end[0], Span(" usual ", Tone.DIM), end[2]], width)


# What the rise is made of


def _drivers_listed(detail: TriageDetail, width: int) -> list[Line]:
    """Every driver on its own line; what is narrow leaves out shares and units."""
    name, shares, units = max(14, min(22, width - 50)), width >= 56, width >= 70
    titles = [("credits", 10), *([("of rise", 9)] if shares else []), ("now", 11), ("usual", 9)]
    head = left("rise by", name) + "".join(right(title, size) for title, size in titles)
    lines: list[Line] = [[Span(clip(head, width), Tone.DIM)]]
    for driver in detail.drivers:
        share = right(fmt.share(driver.share), 9) if shares else ""
        now, usual = right(_level(driver, driver.now), 11), right(_level(driver, driver.usual), 9)
        unit = f" {driver.unit}" if units else ""
        amount = Span(right(fmt.signed(driver.credits), 10), _driver_tone(driver))
        lines += [
            [Span(left(_name(driver, name), name)), amount, Span(share + now), Span(usual + unit, Tone.DIM)]
        ]
    total = sum((driver.credits for driver in detail.drivers), Decimal(0))
    all_of_it = [Span(left("all together", name), Tone.DIM), Span(right(fmt.signed(total), 10), Tone.STRONG)]
    return [*lines, all_of_it]


def _drivers_packed(detail: TriageDetail, width: int) -> list[Line]:
    """Two drivers a line, the strongest first; those that moved nothing are left out."""
    moved = sorted((d for d in detail.drivers if d.credits), key=lambda d: -abs(d.credits))
    if not moved:
        return []
    total = fmt.signed(detail.rise.value)
    head: Line = [Span("rise ", Tone.DIM), Span(total, Tone.STRONG), Span(" credits, made of", Tone.DIM)]
    each = (width - 3) // 2
    pairs = [moved[place : place + 2] for place in range(0, len(moved), 2)]
    return [head, *(beside([([_packed(driver, each)], each) for driver in pair], 3)[0] for pair in pairs)]


def _packed(driver: Driver, width: int) -> Line:
    start = [
        Span(left(_name(driver, 13), 13)),
        Span(right(fmt.signed(driver.credits), 7), _driver_tone(driver)),
    ]
    if driver.now is None or driver.usual is None:
        return start
    levels = f"{_level(driver, driver.usual)} → {_level(driver, driver.now)}"
    return spread(start, [Span(levels, Tone.DIM)], width)


def _name(driver: Driver, width: int) -> str:
    """The driver's name, in short words where the full ones do not fit."""
    return driver.label if len(driver.label) <= width else driver.factor.replace("_", " ")


def _driver_tone(driver: Driver) -> Tone:
    return Tone.HOT if driver.credits > 0 else Tone.COOL if driver.credits < 0 else Tone.DIM


def _level(driver: Driver, value: Decimal | None) -> str:
    """A factor itself; shares as percentages."""
    if value is None:
        return fmt.NOTHING
    return fmt.share(value) if driver.unit.startswith("share") else fmt.number(value)


# Caps


def _reach(budget: Budget) -> tuple[str, Tone]:
    """How far a budget is from its hard cap, in words."""
    if budget.state == "hard":
        return "▲ hard cap reached", Tone.HOT
    if budget.hard_runway_s is None:
        return "hard cap not this month", Tone.DIM
    tone = Tone.HOT if budget.hard_runway_s < 86_400 else Tone.PLAIN
    return f"hard cap in {fmt.span(budget.hard_runway_s)}", tone


def _cap_line(detail: TriageDetail, width: int) -> list[Line]:
    budget = detail.binding
    if budget is None:
        return [[Span("cap ", Tone.DIM), Span("no allocation covers this", Tone.DIM)]]
    reach, tone = _reach(budget)
    state = "▲ soft cap passed, " if budget.state == "soft" else ""
    text = [
        Span("cap ", Tone.DIM),
        Span(scope_words(budget.scope)),
        Span(f" {fmt.share(budget.share)} used  ", Tone.DIM),
    ]
    return [fit([*text, Span(state, Tone.WARM), Span(reach, tone)], width)]


def _caps_listed(detail: TriageDetail, width: int) -> list[Line]:
    if not detail.budgets:
        return [[Span("caps  ", Tone.DIM), Span("no allocation covers this", Tone.DIM)]]
    gauges = (_cap_gauge(budget, width, binding=budget == detail.binding) for budget in detail.budgets)
    return [[Span("allocations, widest first (month to date)", Tone.DIM)], *gauges]


def _cap_gauge(budget: Budget, width: int, *, binding: bool) -> Line:
    """Scope, gauge, share used, and the time to the hard cap in as many words as fit."""
    soft, hard = float(budget.soft_cap), float(budget.hard_cap)
    notches = (Notch(soft, "┊", Tone.WARM), Notch(hard, "┃", Tone.HOT))
    name = max(14, min(26, width - 52))
    bar = draw_gauge(float(budget.share), hard * 1.08, max(8, min(24, width - name - 36)), notches)
    mark = Span("▶ " if binding else "  ", Tone.ACCENT)
    start = [mark, Span(left(scope_words(budget.scope), name)), *bar, Span(right(fmt.share(budget.share), 7))]
    reach, tone = _reach(budget)
    texts = (f"{reach}, binding" if binding else reach, reach, reach.removeprefix("hard cap "))
    wordings = [[Span(f"  {text}", tone)] for text in texts]
    return [*start, *first_that_fits(wordings, width - width_of(start))]


# Facts


def _facts(detail: TriageDetail, now: float) -> list[tuple[str, str, Tone]]:
    """(name, value, tone) of what is known of the row; what is not known is left out."""
    share = detail.error_share
    errors = "" if share is None else f"{fmt.share(share)} ({fmt.whole(detail.errors)})"
    hot = share is not None and share > Decimal("0.05")
    seen = "" if detail.first_seen is None else f"{fmt.span(now - detail.first_seen)} ago"
    facts = [
        ("owner", detail.owner or "nobody known", Tone.PLAIN if detail.owner else Tone.WARM),
        ("cost center", detail.cost_center or "none", Tone.PLAIN),
        ("team", detail.team, Tone.PLAIN),
        ("project", detail.project, Tone.PLAIN),
        ("environment", detail.environment, Tone.PLAIN),
        ("billing group", detail.billing_group, Tone.PLAIN),
        ("department", detail.department, Tone.PLAIN),
        ("requests", fmt.whole(detail.requests), Tone.PLAIN),
        ("errors", f"▲ {errors}" if hot else errors, Tone.HOT if hot else Tone.PLAIN),
        ("latency", "" if detail.latency_ms is None else f"{fmt.whole(detail.latency_ms)} ms", Tone.PLAIN),
        ("first seen", seen, Tone.PLAIN),
        *_key_facts(detail, now),
    ]
    return [fact for fact in facts if fact[1]]


def _key_facts(detail: TriageDetail, now: float) -> list[tuple[str, str, Tone]]:
    key = detail.key
    if key is None:
        return []
    used = "" if key.last_used_at is None else f"{fmt.span(now - key.last_used_at)} ago"
    removed = "" if key.removed_at is None else f"{fmt.span(now - key.removed_at)} ago"
    return [
        ("key", f"{key.name} {key.redacted}".strip(), Tone.PLAIN),
        ("key age", "" if key.age_s is None else fmt.span(key.age_s), Tone.PLAIN),
        ("last used", used, Tone.PLAIN),
        ("removed", removed, Tone.WARM),
    ]


def _facts_listed(detail: TriageDetail, now: float, width: int) -> list[Line]:
    columns = 2 if width >= 66 else 1
    each = (width - 3 * (columns - 1)) // columns
    cells = [[Span(left(name, 14), Tone.DIM), Span(value, tone)] for name, value, tone in _facts(detail, now)]
    half = -(-len(cells) // columns)
    return beside([(cells[place : place + half], each) for place in range(0, len(cells), half)], 3)


def _facts_packed(detail: TriageDetail, now: float, width: int) -> list[Line]:
    """The facts in running lines, broken between facts."""
    lines: list[list[Span]] = [[]]
    used = 0
    for name, value, tone in _facts(detail, now):
        size = len(name) + 1 + len(value)
        if used and used + 3 + size > width:
            lines.append([])
            used = 0
        if used:
            lines[-1].append(Span(" · ", Tone.DIM))
            used += 3
        lines[-1] += [Span(f"{name} ", Tone.DIM), Span(clip_words(value, width - used - len(name) - 1), tone)]
        used += size
    return _lines(lines)


def _lines(lines: Sequence[list[Span]]) -> list[Line]:
    return [line for line in lines if line]
