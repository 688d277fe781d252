"""What surrounds an alert: its caps, incident, timeline, deliveries, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from agent.reports.alert_report import AlertDetail, Delivery, TimelineLine
from console import format as fmt
from console.screens.alerts.layout import Fact, running
from console.screens.words import TIER_TONES, scope_words, tier_sign
from console.widgets.ink import Line, Span, Tone, clip_words, left, spread, wrap

_STATES = {"sent": ("✓ sent", Tone.COOL), "waiting": ("… waiting", Tone.WARM)}
FAILED = {"failed": ("▲ failed", Tone.HOT), "gone": ("▲ gone", Tone.HOT)}
"""States of a message that nobody tries again to deliver."""


def caps(detail: AlertDetail, width: int) -> Iterator[Line]:
    """When the binding cap bites, and every allocation that counts the burn."""
    if detail.runway is not None:
        tone = Tone.HOT if detail.runway.over else Tone.PLAIN
        sign = "▲ " if detail.runway.over else ""
        yield from ([Span(line, tone)] for line in wrap(sign + detail.runway.in_full, width))
    facts = [
        (
            scope_words(each.scope),
            f"{fmt.share(each.share)} used",
            Tone.WARM if each.state != "ok" else Tone.PLAIN,
        )
        for each in detail.budgets
    ]
    yield from running(facts, width)


def incident(detail: AlertDetail, now: float, width: int) -> Iterator[Line]:
    """What belongs together: since when, what it costs, its first cause, its other alerts."""
    group = detail.incident
    if group is None:
        return
    facts: list[Fact] = [
        ("number", f"{group.id}, {scope_words(group.group)}", Tone.PLAIN),
        ("since", fmt.moment(group.opened_at, now), Tone.PLAIN),
        (
            "above so far",
            f"+{fmt.number(group.above)} credits",
            Tone.HOT if group.above else Tone.PLAIN,
        ),
    ]
    if group.cause:
        facts.append(("first cause", group.cause.replace("_", " "), Tone.HOT))
    yield from running(facts, width)
    for other in detail.others:
        tone = TIER_TONES.get(other.tier, Tone.PLAIN) if other.live else Tone.DIM
        head = f"{tier_sign(other.tier)} alert {other.id} {other.state}  "
        yield [Span(head, tone), Span(clip_words(other.summary, max(8, width - len(head))), Tone.DIM)]


def timeline(detail: AlertDetail, now: float, width: int) -> list[Line]:
    """What happened, the newest first."""
    return [part for line in reversed(detail.timeline) for part in _line(line, now, width)]


def _line(line: TimelineLine, now: float, width: int) -> list[Line]:
    who = "" if line.actor == "agent" else f" by {line.actor}"
    head = f"{fmt.moment(line.at, now)}  "
    texts = wrap(f"{line.kind}{who}: {line.text}", max(20, width - len(head)))
    return [
        [Span(head if place == 0 else " " * len(head), Tone.DIM), Span(text)]
        for place, text in enumerate(texts)
    ]


def told(detail: AlertDetail, now: float, width: int) -> list[Line]:
    """Who was told and whether it arrived, the newest first; or why nobody was."""
    if detail.deliveries:
        return [part for each in reversed(detail.deliveries) for part in _delivery(each, now, width)]
    why = "muted" if detail.entry.muted_by else "not yet"
    if detail.entry.told:
        why = "no route leads to a channel"
    return [[Span(f"nobody: {why}", Tone.DIM)]]


def _delivery(each: Delivery, now: float, width: int) -> list[Line]:
    """Whether a message arrived; what went wrong stands below."""
    word, tone = {**_STATES, **FAILED}.get(each.state, (each.state, Tone.PLAIN))
    where = f"{each.channel} {each.target}".strip()
    when = fmt.moment(each.sent_at or each.created_at, now)
    start = [Span(f"{word}  ", tone), Span(where), Span(f"  {each.kind.replace('_', ' ')}", Tone.DIM)]
    lines: list[Line] = [spread(start, [Span(when, Tone.DIM)], width)]
    if each.error:
        again = f" (again in {fmt.span(each.next_at - now)})" if each.state == "waiting" else ""
        lines += [[Span(f"  {text}", Tone.WARM)] for text in wrap(each.error + again, width - 2)]
    return lines


def suggestions(detail: AlertDetail, width: int) -> Iterator[Line]:
    """What would save credits, with amounts."""
    for each in detail.suggestions:
        low, high = fmt.number(each.low), fmt.number(each.high)
        amount = f"{low} to {high} credits a month" if each.low is not None else ""
        yield from ([Span(text)] for text in wrap(f"{each.text} {amount}".strip(), width))


def commands(detail: AlertDetail, width: int) -> Iterator[Line]:
    """What to run, the first first."""
    longest = max((len(each.text) for each in detail.commands), default=0)
    beside = longest + 2 + 20 <= width
    for each in detail.commands:
        if beside:
            yield [Span(left(each.text, longest + 2), Tone.KEY), Span(each.purpose, Tone.DIM)]
        else:
            yield from ([Span(text, Tone.KEY)] for text in wrap(each.text, width))
            yield [Span(f"  {each.purpose}", Tone.DIM)]
