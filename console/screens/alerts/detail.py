"""One alert in full: why, since when, what it costs, who knows of it, what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from agent.reports.alert_list import AlertEntry
from agent.reports.alert_report import AlertDetail, Delivery, TimelineLine
from agent.reports.burn_report import Runway
from agent.reports.figure import Figure
from console import format as fmt
from console.screens.alerts.plot import draw_plot
from console.screens.alerts.rows import deadline, muted_words
from console.screens.words import TIER_TONES, scope_words, tier_sign, tier_words
from console.widgets.ink import (
    EMPTY,
    Line,
    Span,
    Tone,
    clip_words,
    first_that_fits,
    left,
    spread,
    width_of,
    wrap,
)

ROOMY = 16
"""From so many lines on the detail says everything, and scrolls; below, what matters most, packed."""

LABEL = 10
Item = TypeVar("Item")
Fact = tuple[str, str, Tone]
_STATES = {"sent": ("✓ sent", Tone.COOL), "waiting": ("… waiting", Tone.WARM)}
_FAILED = {"failed": ("▲ failed", Tone.HOT), "gone": ("▲ gone", Tone.HOT)}


def draw_detail(detail: AlertDetail, now: float, width: int, height: int) -> list[Line]:
    """The detail; in a small place its lines fit `height`, in a larger one there may be more to scroll to."""
    inner = width - 2
    lines = _full(detail, now, inner, height) if height >= ROOMY else _packed(detail, now, inner, height)
    return [[Span(" "), *line] for line in lines]


def _packed(detail: AlertDetail, now: float, width: int, height: int) -> list[Line]:
    """Heading, sentence, figures and plot; then what fits of deadline, cap, incident and delivery."""
    said = wrap(detail.entry.summary, width)
    cut = [*said[:1], clip_words(" ".join(said[1:]), width)] if len(said) > 1 else said
    head = [*_heading(detail, now, width)[:1], *([Span(line)] for line in cut), _figures(detail, now, width)]
    rest = [*_running(_short_facts(detail, now), width)][:2]
    plot = draw_plot(detail, width, height - len(head) - len(rest))
    return [*head, *plot, *rest][:height]


def _full(detail: AlertDetail, now: float, width: int, height: int) -> list[Line]:
    plot = draw_plot(detail, width, 8 if height < 30 else 11)
    blocks: list[Sequence[Line]] = [
        [*_heading(detail, now, width), *_sentence(detail, width)],
        [_figures(detail, now, width), *_standing(detail, now, width)],
        plot,
        _block("seen", _running(_evidence(detail), width - LABEL)),
        _block("caps", list(_caps(detail, width - LABEL))),
        _block("incident", list(_incident(detail, now, width - LABEL))),
        _block("timeline", _each(_timeline, reversed(detail.timeline), now, width - LABEL)),
        _block("told", _told(detail, now, width - LABEL)),
        _block("saves", list(_suggestions(detail, width - LABEL))),
        _block("next", list(_next(detail, width - LABEL))),
    ]
    lines: list[Line] = []
    for block in blocks:
        if lines and block:
            lines.append(EMPTY)
        lines += block
    return lines


# What it is


def _heading(detail: AlertDetail, now: float, width: int) -> list[Line]:
    """Gravity, state, number, and whose it is: on a line of its own where there is no room beside."""
    entry = detail.entry
    tone = TIER_TONES.get(entry.tier, Tone.PLAIN)
    gravity = f"{tier_sign(entry.tier)} {tier_words(entry.tier)} "
    start = [
        Span(gravity, tone),
        Span(_state(entry, now), Tone.STRONG),
        Span(f"  alert {entry.id}", Tone.DIM),
    ]
    if width_of(start) > width:
        start = [Span(gravity, tone), Span(clip_words(_state(entry, now), width - len(gravity)), Tone.STRONG)]
    scope = _scope(entry)
    if width_of(start) + 2 + len(scope) <= width:
        return [spread(start, [Span(scope)], width)]
    return [start, [Span(clip_words(scope, width))]]


def _scope(entry: AlertEntry) -> str:
    if entry.allocation_id:
        return entry.allocation_id
    kind = "key" if entry.scope_kind == "api_key" else entry.scope_kind.replace("_", " ")
    return f"{kind} {entry.scope}".strip()


def _state(entry: AlertEntry, now: float) -> str:
    if entry.state == "resolved" and entry.resolved_at is not None:
        lasted = fmt.span(entry.resolved_at - (entry.fired_at or entry.started_at))
        return f"over since {fmt.moment(entry.resolved_at, now)}, lasted {lasted}"
    if entry.state == "pending":
        return f"pending for {fmt.span(now - entry.started_at)}"
    held = fmt.span(now - (entry.fired_at or entry.started_at))
    return f"firing for {held}" if entry.state == "firing" else f"acknowledged, fires for {held}"


def _sentence(detail: AlertDetail, width: int) -> list[Line]:
    """The summary, and the reason where the summary does not hold it."""
    texts = [detail.entry.summary]
    if detail.sentence not in detail.entry.summary:
        texts.append(detail.sentence)
    return [[Span(line)] for text in texts for line in wrap(text, width)]


def _figures(detail: AlertDetail, now: float, width: int) -> Line:
    """Burn now, what is usual, and what it has cost above that; with layer and age."""
    entry = detail.entry
    unit = entry.unit
    against = "of " if unit == "credits" else "usual "
    above = Span(f"+{fmt.number(detail.above.value)}", Tone.HOT)
    trust = [Span(f" {_trust(detail.current, now)}", Tone.DIM)]

    def said(unit: str, word: str) -> Line:
        costs = [Span(f"  {word} ", Tone.DIM), above] if entry.above else []
        return [
            Span(fmt.number(detail.current.value), Tone.STRONG),
            Span(f" {unit}  {against}", Tone.DIM),
            Span(fmt.number(detail.expected.value)),
            *costs,
        ]

    wordings = (said(unit, "above so far"), said(unit, "above"), said(unit.replace("credits", "cr"), "above"))
    return spread(first_that_fits(wordings, width - width_of(trust)), trust, width)


def _trust(figure: Figure, now: float) -> str:
    age = "" if figure.as_of is None else f" {fmt.age(now - figure.as_of)}"
    return f"{figure.tag}{age}"


def _standing(detail: AlertDetail, now: float, width: int) -> list[Line]:
    """Who has it or by when somebody must, and what mutes it."""
    return _running([*_who(detail, now), *_mute(detail, now)], width)


def _who(detail: AlertDetail, now: float) -> Iterator[Fact]:
    entry = detail.entry
    if entry.acknowledged_at is not None:
        when = fmt.span(now - entry.acknowledged_at)
        yield "taken by", f"{entry.acknowledged_by} {when} ago", Tone.COOL
    elif entry.state == "firing":
        cell = deadline(entry, now)
        if entry.acknowledge_by is not None and entry.escalated_at is None:
            yield "acknowledge", cell.text, cell.tone
    if entry.escalated_at is not None and entry.state != "resolved":
        word = "nobody took it, escalated" if entry.state == "firing" else "escalated"
        yield word, f"{fmt.span(now - entry.escalated_at)} ago", Tone.HOT


def _mute(detail: AlertDetail, now: float) -> Iterator[Fact]:
    silence = detail.silence
    if silence is not None:
        left = fmt.span(silence.ends_at - now)
        credit = f"{fmt.whole(silence.burnt)} of {fmt.whole(silence.limit)} credits burnt"
        text = f"silence {silence.id} by {silence.author} for {left} more, {credit}: {silence.reason}"
        yield "muted by", text, Tone.WARM
    elif detail.entry.muted_by:
        yield "muted by", muted_words(detail.entry), Tone.WARM


def _evidence(detail: AlertDetail) -> list[Fact]:
    return [(each.name, each.value, Tone.PLAIN) for each in detail.evidence]


# Around it


def _caps(detail: AlertDetail, width: int) -> Iterator[Line]:
    if detail.runway is not None:
        tone = Tone.HOT if detail.runway.over else Tone.PLAIN
        sign = "▲ " if detail.runway.over else ""
        yield from ([Span(line, tone)] for line in wrap(sign + detail.runway.sentence, width))
    facts = [
        (
            scope_words(each.scope),
            f"{fmt.share(each.share)} used",
            Tone.WARM if each.state != "ok" else Tone.PLAIN,
        )
        for each in detail.budgets
    ]
    yield from _running(facts, width)


def _incident(detail: AlertDetail, now: float, width: int) -> Iterator[Line]:
    incident = detail.incident
    if incident is None:
        return
    facts: list[Fact] = [
        ("number", f"{incident.id}, {scope_words(incident.group)}", Tone.PLAIN),
        ("since", fmt.moment(incident.opened_at, now), Tone.PLAIN),
        (
            "above so far",
            f"+{fmt.number(incident.above)} credits",
            Tone.HOT if incident.above else Tone.PLAIN,
        ),
    ]
    if incident.cause:
        facts.append(("first cause", incident.cause.replace("_", " "), Tone.HOT))
    yield from _running(facts, width)
    for other in detail.others:
        tone = TIER_TONES.get(other.tier, Tone.PLAIN) if other.live else Tone.DIM
        head = f"{tier_sign(other.tier)} alert {other.id} {other.state}  "
        yield [Span(head, tone), Span(clip_words(other.summary, max(8, width - len(head))), Tone.DIM)]


def _timeline(line: TimelineLine, now: float, width: int) -> list[Line]:
    who = "" if line.actor == "agent" else f" by {line.actor}"
    head = f"{fmt.moment(line.at, now)}  "
    texts = wrap(f"{line.kind}{who}: {line.text}", max(20, width - len(head)))
    return [
        [Span(head if place == 0 else " " * len(head), Tone.DIM), Span(text)]
        for place, text in enumerate(texts)
    ]


def _told(detail: AlertDetail, now: float, width: int) -> list[Line]:
    if not detail.deliveries:
        why = (
            "muted"
            if detail.entry.muted_by
            else "no route leads to a channel"
            if detail.entry.told
            else "not yet"
        )
        return [[Span(f"nobody: {why}", Tone.DIM)]]
    return _each(_delivery, reversed(detail.deliveries), now, width)


def _delivery(each: Delivery, now: float, width: int) -> list[Line]:
    """Whether a message arrived; what went wrong stands below."""
    word, tone = {**_STATES, **_FAILED}.get(each.state, (each.state, Tone.PLAIN))
    where = f"{each.channel} {each.target}".strip()
    when = fmt.moment(each.sent_at or each.created_at, now)
    start = [Span(f"{word}  ", tone), Span(where), Span(f"  {each.kind.replace('_', ' ')}", Tone.DIM)]
    lines: list[Line] = [spread(start, [Span(when, Tone.DIM)], width)]
    if each.error:
        again = f" (again in {fmt.span(each.next_at - now)})" if each.state == "waiting" else ""
        lines += [[Span(f"  {text}", Tone.WARM)] for text in wrap(each.error + again, width - 2)]
    return lines


def _suggestions(detail: AlertDetail, width: int) -> Iterator[Line]:
    for each in detail.suggestions:
        low, high = fmt.number(each.low), fmt.number(each.high)
        amount = f"{low} to {high} credits a month" if each.low is not None else ""
        yield from ([Span(text)] for text in wrap(f"{each.text} {amount}".strip(), width))


def _next(detail: AlertDetail, width: int) -> Iterator[Line]:
    longest = max((len(each.text) for each in detail.commands), default=0)
    beside = longest + 2 + 20 <= width
    for each in detail.commands:
        if beside:
            yield [Span(left(each.text, longest + 2), Tone.KEY), Span(each.purpose, Tone.DIM)]
        else:
            yield from ([Span(text, Tone.KEY)] for text in wrap(each.text, width))
            yield [Span(f"  {each.purpose}", Tone.DIM)]


def _short_facts(detail: AlertDetail, now: float) -> list[Fact]:
    """What a small place still says, the most pressing first."""
    facts = [*_who(detail, now), *_mute(detail, now)]
    if detail.runway is not None:
        facts.append(("hard cap", *_reach(detail.runway)))
    if detail.incident is not None and detail.incident.alerts > 1:
        facts.append(("incident", f"{detail.incident.alerts} alerts", Tone.PLAIN))
    failed = sum(each.state in _FAILED for each in detail.deliveries)
    if failed:
        facts.append(("told", f"▲ {failed} of {len(detail.deliveries)} messages failed", Tone.HOT))
    elif detail.deliveries:
        facts.append(
            ("told", ", ".join(dict.fromkeys(each.channel for each in detail.deliveries)), Tone.PLAIN)
        )
    return facts


def _reach(runway: Runway) -> tuple[str, Tone]:
    """When the binding cap bites, in few words."""
    if runway.over:
        return f"▲ reached, {runway.allocation_id}", Tone.HOT
    if runway.seconds is None:
        return "not this month", Tone.PLAIN
    return f"in {fmt.span(runway.seconds)}, {runway.allocation_id}", Tone.PLAIN


# Laying out


def _block(label: str, lines: Sequence[Line]) -> list[Line]:
    """Lines under a label at the left."""
    return [
        [Span(left(label if place == 0 else "", LABEL), Tone.DIM), *line] for place, line in enumerate(lines)
    ]


def _each(
    draw: Callable[[Item, float, int], list[Line]], items: Iterable[Item], now: float, width: int
) -> list[Line]:
    return [line for item in items for line in draw(item, now, width)]


def _running(facts: Iterable[Fact], width: int) -> list[Line]:
    """Facts in running lines, broken between facts, and inside one that is longer than a line."""
    lines: list[list[Span]] = []
    used = 0
    for name, value, tone in facts:
        first, *others = wrap(f"{name} {value}", width)
        if lines and used + 3 + len(first) <= width and not others:
            lines[-1].append(Span(" · ", Tone.DIM))
            used += 3
        else:
            lines.append([])
            used = 0
        head = first[: len(name) + 1]
        lines[-1] += [Span(head, Tone.DIM), Span(first[len(head) :], tone)]
        used += len(first)
        for text in others:
            lines.append([Span(text, tone)])
            used = len(text)
    return list(lines)
