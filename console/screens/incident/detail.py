"""One incident in full: what it costs, the burn around it, its alerts, what was done, by whom, and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from console import format as fmt
from console.screens.alerts.layout import LABEL, ROOMY, Fact, block, running, stacked
from console.screens.alerts.plot import draw_rate
from console.screens.incident import hands
from console.screens.words import TIER_TONES, scope_words, tier_sign, tier_words
from console.widgets.ink import Line, Span, Tone, clip_words, left, spread, width_of, wrap

if TYPE_CHECKING:
    from agent.reports.incident_view import IncidentView

_MOST_ALERTS = 12


def draw_detail(view: IncidentView, now: float, width: int, height: int) -> list[Line]:
    """The incident; there may be more lines than `height` to scroll to."""
    inner = width - 2
    room = inner - LABEL
    blocks: list[Sequence[Line]] = [
        [*_heading(view, now, inner), *_title(view, inner), *running(_standing(view, now), inner)],
        _plot(view, inner, height),
        block("alerts", _alerts(view, now, room)),
        block("actions", hands.actions(view.actions, now, room)),
        block("approvals", hands.approvals(view.actions, now, room)),
        block("people", hands.people(view.people, now, room)),
        block("told", hands.told(view.deliveries, room)),
        block("timeline", hands.timeline(view.timeline, now, room)),
        block("next", _commands(view, room)),
    ]
    return stacked(blocks, height)


def _heading(view: IncidentView, now: float, width: int) -> list[Line]:
    """Gravity, state and number; what it has cost beside them, or below where there is no room."""
    entry = view.entry
    start = [
        Span(f"{tier_sign(entry.tier)} {tier_words(entry.tier)} ", TIER_TONES.get(entry.tier, Tone.PLAIN)),
        Span(_state(view, now), Tone.STRONG),
        Span(f"  incident {entry.id}", Tone.DIM),
    ]
    cost = _cost(view, now)
    if width_of(start) + 2 + width_of(cost) <= width:
        return [spread(start, cost, width)]
    return [start, cost]


def _state(view: IncidentView, now: float) -> str:
    entry = view.entry
    if entry.closed_at is None:
        return f"open for {fmt.span(now - entry.opened_at)}"
    lasted = fmt.span(entry.closed_at - entry.opened_at)
    return f"over since {fmt.moment(entry.closed_at, now)}, lasted {lasted}"


def _cost(view: IncidentView, now: float) -> Line:
    """Credits above what is expected, with layer and age; in the past the newest are known only."""
    above = view.above
    value = above.value or 0
    age = fmt.age(now - above.as_of) if above.as_of is not None else ""
    trust = f"{above.tag} {age}".strip() if view.live else "newest"
    return [
        Span(f"+{fmt.number(above.value)}" if value else "0", Tone.HOT if value else Tone.PLAIN),
        Span(" credits above  ", Tone.DIM),
        Span(trust, Tone.DIM),
    ]


def _title(view: IncidentView, width: int) -> list[Line]:
    return [[Span(line)] for line in wrap(view.entry.title, width)]


def _standing(view: IncidentView, now: float) -> Iterator[Fact]:
    """Who has it, whether production is affected, and a postmortem that is owed."""
    entry = view.entry
    if entry.closed_at is None:
        yield "held by", view.holder or "nobody", Tone.COOL if view.holder else Tone.HOT
    said = view.criticality
    if said is not None and said.answer:
        critical = said.answer == "critical"
        text = f"{'affected' if critical else 'not affected'}, says {said.person}"
        text += "" if said.assessed_in is None else f" in incident {said.assessed_in}"
        yield "production", text, Tone.HOT if critical else Tone.PLAIN
    elif entry.closed_at is None:
        before = view.assessed_before
        text = "nobody has said"
        if before is not None and before.answer:
            text += f"; not affected in incident {before.assessed_in}, said {before.person}"
        yield "production", text, Tone.DIM
    owed = view.postmortem
    if owed is not None and not owed.owed:
        yield "postmortem", f"signed by {owed.person}", Tone.PLAIN
    elif owed is not None:
        left_s = None if owed.due_at is None else owed.due_at - now
        due = "owed" if left_s is None else f"due in {fmt.span(left_s)}" if left_s > 0 else "overdue"
        yield "postmortem", due, Tone.HOT if left_s is not None and left_s <= 0 else Tone.WARM
    if entry.cause:
        yield "first cause", entry.cause.replace("_", " "), Tone.PLAIN


def _plot(view: IncidentView, width: int, height: int) -> list[Line]:
    """The burn of what its alerts share, against what is usual."""
    if view.series is None:
        return []
    lines = 5 if height < ROOMY else 8 if height < 30 else 11
    return draw_rate(view.series, (view.entry.opened_at, "opened"), width, lines, of=scope_words(view.of))


def _alerts(view: IncidentView, now: float, width: int) -> Iterator[Line]:
    for alert in view.alerts[:_MOST_ALERTS]:
        tone = TIER_TONES.get(alert.tier, Tone.PLAIN) if alert.live else Tone.DIM
        head = f"{tier_sign(alert.tier)} alert {alert.id} {alert.state}  "
        yield [Span(head, tone), Span(clip_words(alert.summary, max(8, width - len(head))))]
    more = len(view.alerts) - _MOST_ALERTS
    if more > 0:
        yield [Span(f"and {more} more alerts", Tone.DIM)]


def _commands(view: IncidentView, width: int) -> Iterator[Line]:
    longest = max((len(each.text) for each in view.commands), default=0)
    for each in view.commands:
        if longest + 22 <= width:
            yield [Span(left(each.text, longest + 2), Tone.KEY), Span(each.purpose, Tone.DIM)]
        else:
            yield from ([Span(text, Tone.KEY)] for text in wrap(each.text, width))
            yield [Span(f"  {each.purpose}", Tone.DIM)]
