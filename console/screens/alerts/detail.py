"""One alert in full: why, since when, what it costs, who knows of it, what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.reports.alert_list import AlertEntry
from agent.reports.alert_report import AlertDetail
from agent.reports.burn_report import Runway
from agent.reports.figure import Figure
from console import format as fmt
from console.screens.alerts import around
from console.screens.alerts.around import FAILED
from console.screens.alerts.layout import LABEL, Fact, block, running
from console.screens.alerts.plot import draw_plot
from console.screens.alerts.rows import deadline, muted_words
from console.screens.words import TIER_TONES, tier_sign, tier_words
from console.widgets.ink import (
    EMPTY,
    Line,
    Span,
    Tone,
    clip_words,
    first_that_fits,
    spread,
    width_of,
    wrap,
)

ROOMY = 16
"""From so many lines on the detail says everything, and scrolls; below, what matters most, packed."""


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
    rest = [*running(_short_facts(detail, now), width)][:2]
    plot = draw_plot(detail, width, height - len(head) - len(rest))
    return [*head, *plot, *rest][:height]


def _full(detail: AlertDetail, now: float, width: int, height: int) -> list[Line]:
    plot = draw_plot(detail, width, 8 if height < 30 else 11)
    inner = width - LABEL
    blocks: list[Sequence[Line]] = [
        [*_heading(detail, now, width), *_sentence(detail, width)],
        [_figures(detail, now, width), *_standing(detail, now, width)],
        plot,
        block("seen", running(_evidence(detail), inner)),
        block("caps", around.caps(detail, inner)),
        block("incident", around.incident(detail, now, inner)),
        block("timeline", around.timeline(detail, now, inner)),
        block("told", around.told(detail, now, inner)),
        block("saves", around.suggestions(detail, inner)),
        block("next", around.commands(detail, inner)),
    ]
    lines: list[Line] = []
    for part in blocks:
        if lines and part:
            lines.append(EMPTY)
        lines += part
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
    scope = _scope(detail)
    if width_of(start) + 2 + len(scope) <= width:
        return [spread(start, [Span(scope)], width)]
    return [start, [Span(clip_words(scope, width))]]


def _scope(detail: AlertDetail) -> str:
    entry = detail.entry
    if entry.allocation_id:
        return entry.allocation_id
    if entry.scope_kind == "api_key":
        return f"key {detail.key or entry.scope}"
    return f"{entry.scope_kind.replace('_', ' ')} {entry.scope}".strip()


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
    # Figures are kept of the newest state only: seen from the past they have no age.
    later = entry.last_at > now
    trust = [Span(" newest" if later else f" {_trust(detail.current, now)}", Tone.DIM)]

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
    return running([*_who(detail, now), *_mute(detail, now)], width)


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


def _short_facts(detail: AlertDetail, now: float) -> list[Fact]:
    """What a small place still says, the most pressing first."""
    facts = [*_who(detail, now), *_mute(detail, now)]
    if detail.runway is not None:
        facts.append(("hard cap", *_reach(detail.runway)))
    if detail.incident is not None and detail.incident.alerts > 1:
        facts.append(("incident", f"{detail.incident.alerts} alerts", Tone.PLAIN))
    failed = sum(each.state in FAILED for each in detail.deliveries)
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
